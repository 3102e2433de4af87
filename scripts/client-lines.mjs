// The lines that connect a client, as docs/clients/*.md have them: those pages are the only place where they
// are written. Tests run them, and the page shows them, filled in.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('../demo/connect/client-page.ts').ClientPage} ClientPage */
/** @typedef {import('../demo/connect/client-page.ts').Part} Part */
/** @typedef {import('../demo/connect/client-page.ts').BlockKind} BlockKind */
/** @typedef {{ kind: BlockKind, path: string, apis: string[], text: string }} Block */

const root = join(import.meta.dirname, '..')

/** The folder of the pages, one for each client. */
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

/** Ends the name of an API with whose lines a browser tab was driven: a row of its own, and no lines of its own. */
export const BY_TAB = '-tab'

/** What needs nothing to be installed is listed before the libraries. */
const FIRST = ['curl', 'environment']

/** Every client with its lines, for the page: the programs that the field suite drives, and then the others. */
export function clientPages() {
  /** @type {Record<string, { version: string, date: string, apis: object }>} */
  const results = JSON.parse(readFileSync(join(PAGES, 'results.json'), 'utf8'))
  const names = readdirSync(PAGES)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
  const ordered = new Set([...Object.keys(results), ...FIRST, ...names.sort()])
  return [...ordered]
    .filter((name) => names.includes(name))
    .map((name) => {
      const page = pageOf(name, readFileSync(join(PAGES, `${name}.md`), 'utf8'))
      const result = results[name]
      if (result === undefined) return { ...page, isSdk: true }
      const { version, date, apis } = result
      const own = Object.keys(apis).filter((id) => !id.endsWith(BY_TAB))
      return { ...page, apis: own, tested: { version, date } }
    })
}

/** Sentences that the page leaves out, since it fills these in. */
const PLACEHOLDERS =
  /`(?:my-model|YOUR_KEY|SLUICE_KEY)` (?:stands for|is) [^.;]*(?:; where sluice has no keys, any word will do)?\.\s*/g

/** @param {string} name @param {string} source the page @returns {ClientPage} */
export function pageOf(name, source) {
  const markdown = source.replace(/^---\n[\s\S]*?\n---\n/, '').trimStart()
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name
  const needs = /^## What you need\n([\s\S]*?)^## /m.exec(markdown)?.[1] ?? ''
  const [, install, others = ''] = /`((?:npm|pip) install [^`]+)`(?:, (.+))?\.?$/m.exec(needs) ?? []
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
    ...(others !== '' && { others: others[0]?.toUpperCase() + others.slice(1) }),
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
  return paragraphs.flatMap(proseOfParagraph)
}

/** @param {string} paragraph @returns {Part[]} */
function proseOfParagraph(paragraph) {
  const text = paragraph.trim().replaceAll(PLACEHOLDERS, '').trim()
  if (text === '') return []
  if (text.startsWith('#')) return [{ kind: 'heading', text: text.replace(/^#+ /, ''), apis: [] }]
  if (!text.startsWith('- ')) return [{ kind: 'text', text, apis: [] }]
  return [{ kind: 'list', items: text.slice(2).split(/\n- /), apis: [] }]
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
  return readdirSync(PAGES).map((file) => `docs/clients/${file}`)
}
