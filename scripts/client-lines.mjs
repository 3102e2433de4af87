// The lines that connect a client, as docs/clients/*.md and docs/sdks.md have them: those pages are the only
// place where they are written. The field suite runs them, and the page shows them, filled in.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('../demo/connect/client-page.ts').ClientPage} ClientPage */
/** @typedef {import('../demo/connect/client-page.ts').Part} Part */
/** @typedef {import('../demo/connect/client-page.ts').BlockKind} BlockKind */
/** @typedef {{ kind: BlockKind, path: string, apis: string[], text: string }} Block */

const root = join(import.meta.dirname, '..')

/** The page of the SDKs, below the repository's folder. */
const SDKS = 'docs/sdks.md'

/** The folder of the pages, one for each client of the field suite. */
export const PAGES = join(root, 'docs/clients')

/**
 * What a block is for, which is the second word after its fence:
 * - `quiet`: variables that keep the client off the internet
 * - `env`: variables that point it at sluice
 * - `setup`: commands that are run once
 * - `file`: a file to write, `file=~/.client/config.json`, or relative to the project's folder
 * - `run`: asks once; `again`: asks a second time in the same conversation
 * @type {readonly BlockKind[]}
 */
const KINDS = ['quiet', 'env', 'setup', 'file', 'run', 'again']

const FENCE = /^```(\S.*)\n([\s\S]*?)^```$/gm

/** The blocks of a page that are lines of a client, in their order. @param {string} markdown @returns {Block[]} */
export function blocksOf(markdown) {
  return [...markdown.matchAll(FENCE)].flatMap(([, info = '', text = '']) => {
    const block = blockOf(info, text)
    return block === undefined ? [] : [block]
  })
}

/** @param {string} info what follows the fence @param {string} text @returns {Block | undefined} */
function blockOf(info, text) {
  const [, ...words] = info.split(' ')
  const options = new Map(words.map(optionOf))
  const kind = KINDS.find((each) => options.has(each))
  if (kind === undefined) return undefined
  const apis = options.get('api')?.split(',') ?? []
  return { kind, path: options.get('file') ?? '', apis, text }
}

/** `api=chat,messages`, or a word alone. @param {string} word @returns {[string, string]} */
function optionOf(word) {
  const [name = '', value = ''] = word.split('=', 2)
  return [name, value]
}

/** Every client with its lines, for the page. @returns {ClientPage[]} */
export function clientPages() {
  /** @type {Record<string, { version: string, date: string, apis: object }>} */
  const results = JSON.parse(readFileSync(join(PAGES, 'results.json'), 'utf8'))
  const names = readdirSync(PAGES)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
  const order = [...new Set([...Object.keys(results), ...names])].filter((name) =>
    names.includes(name),
  )
  const programs = order.map((name) => {
    const page = pageOf(name, readFileSync(join(PAGES, `${name}.md`), 'utf8'))
    const result = results[name]
    if (result === undefined) return page
    const { version, date, apis } = result
    return { ...page, apis: Object.keys(apis), tested: { version, date } }
  })
  const [, ...sections] = readFileSync(join(root, SDKS), 'utf8').split(/^## /m)
  const sdks = sections.map((text) => {
    const title = text.slice(0, text.indexOf('\n'))
    const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    return { ...pageOf(name, `# ${text}`), isSdk: true }
  })
  return [...programs, ...sdks]
}

/** Sentences that the page leaves out, since it fills these in. */
const PLACEHOLDERS =
  /`(?:my-model|YOUR_KEY|SLUICE_KEY)` (?:stands for|is) [^.;]*(?:; where sluice has no keys, any word will do)?\.\s*/g

/** @param {string} name @param {string} markdown @returns {ClientPage} */
export function pageOf(name, markdown) {
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name
  const needs = /^## What you need\n([\s\S]*?)^## /m.exec(markdown)?.[1] ?? ''
  const install = /`((?:npm|pip) install [^`]+)`/.exec(needs)?.[1]
  const advice = / lists them\. (.+)$/m.exec(needs)?.[1]
  const rest = markdown.replace(/^# .+\n/, '').replace(`## What you need\n${needs}`, '')
  const parts = withApis(partsOf(rest))
  const [first] = parts
  const intro = first?.kind === 'text' && first.apis.length === 0 ? first.text : ''
  return {
    name,
    title,
    intro,
    ...(install !== undefined && { install }),
    ...(advice !== undefined && { advice }),
    apis: [...new Set(parts.flatMap(({ apis }) => apis))],
    parts: intro === '' ? parts : parts.slice(1),
  }
}

/** Headings, paragraphs, lists and blocks, in their order. @param {string} markdown @returns {Part[]} */
function partsOf(markdown) {
  /** @type {Part[]} */
  const parts = []
  let at = 0
  for (const match of markdown.matchAll(FENCE)) {
    parts.push(...proseOf(markdown.slice(at, match.index)))
    at = match.index + match[0].length
    const [, info = '', text = ''] = match
    const block = blockOf(info, text)
    if (block !== undefined) parts.push({ ...block, kind: 'block', use: block.kind })
  }
  return [...parts, ...proseOf(markdown.slice(at))]
}

/** @param {string} markdown without blocks @returns {Part[]} */
function proseOf(markdown) {
  // A heading may be followed by text without an empty line between.
  const paragraphs = markdown.replaceAll(/^(#+ .*)$/gm, '\n$1\n').split(/\n{2,}/)
  return paragraphs.flatMap((paragraph) => {
    const text = paragraph.trim().replaceAll(PLACEHOLDERS, '').trim()
    if (text === '') return []
    if (text.startsWith('#')) return [{ kind: 'heading', text: text.replace(/^#+ /, ''), apis: [] }]
    if (!text.startsWith('- ')) return [{ kind: 'text', text, apis: [] }]
    return [{ kind: 'list', items: text.slice(2).split(/\n- /), apis: [] }]
  })
}

/**
 * A paragraph is for the APIs of the block that follows it, and a heading for those of the blocks below it.
 * @param {Part[]} parts @returns {Part[]}
 */
function withApis(parts) {
  return parts.map((part, index) => {
    const next = parts[index + 1]
    if (part.kind === 'text' && next?.kind === 'block') return { ...part, apis: next.apis }
    if (part.kind !== 'heading') return part
    const below = parts.slice(index + 1)
    const end = below.findIndex(({ kind }) => kind === 'heading')
    const blocks = (end === -1 ? below : below.slice(0, end)).filter(({ kind }) => kind === 'block')
    const isForSome = blocks.length > 0 && blocks.every(({ apis }) => apis.length > 0)
    return isForSome ? { ...part, apis: [...new Set(blocks.flatMap(({ apis }) => apis))] } : part
  })
}

/**
 * Writes them into the page's folder, from which it loads them when they are shown.
 * @param {string} folder
 * @returns {string[]} the files that they come from, below the repository's folder
 */
export function writeClientLines(folder) {
  writeFileSync(join(folder, 'clients.json'), `${JSON.stringify(clientPages())}\n`)
  return [SDKS, ...readdirSync(PAGES).map((file) => `docs/clients/${file}`)]
}
