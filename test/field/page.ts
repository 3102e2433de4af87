/** The lines of docs/clients/NAME.md: what a user copies is what the suite runs. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'

/**
 * What a block is for, which is the second word after its fence:
 * - `quiet`: variables that keep the client off the internet
 * - `env`: variables that point it at sluice
 * - `setup`: commands that are run once
 * - `file`: a file to write, `file=~/.client/config.json`, or relative to the project's folder
 * - `run`: asks once; `again`: asks a second time in the same conversation
 */
const KINDS = ['quiet', 'env', 'setup', 'file', 'run', 'again'] as const
export type Kind = (typeof KINDS)[number]

export interface Block {
  kind: Kind
  /** The path, of a file. */
  path: string
  /** The APIs that it is for; none where it is for all. */
  apis: string[]
  text: string
}

/** What stands on the pages in place of what differs from user to user. */
export const ON_PAGES = {
  url: 'http://127.0.0.1:8787',
  key: 'YOUR_KEY',
  model: 'my-model',
  prompt: 'Say hello.',
  second: 'And again?',
}
export type Values = typeof ON_PAGES

export const PAGES = join(root, 'docs/clients')

export function readPage(name: string): Block[] {
  return blocksOf(readFileSync(join(PAGES, `${name}.md`), 'utf8'))
}

/** The blocks of a page that the suite uses, in their order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  for (const [, info = '', text = ''] of markdown.matchAll(/^```(\S.*)\n([\s\S]*?)^```$/gm)) {
    const [, ...words] = info.split(' ')
    const options = new Map(words.map(optionOf))
    const kind = KINDS.find((each) => options.has(each))
    if (kind === undefined) continue
    const apis = options.get('api')?.split(',') ?? []
    blocks.push({ kind, path: options.get('file') ?? '', apis, text })
  }
  return blocks
}

/** `api=chat,messages`, or a word alone. */
function optionOf(word: string): [string, string] {
  const [name = '', value = ''] = word.split('=', 2)
  return [name, value]
}

export function blocksFor(blocks: Block[], api: string): Block[] {
  return blocks.filter(({ apis }) => apis.length === 0 || apis.includes(api))
}

/** The text of all blocks of a kind, with a user's values in place of the page's. */
export function linesOf(blocks: Block[], kind: Kind, values: Values): string {
  const texts = blocks.filter((block) => block.kind === kind).map(({ text }) => text)
  return withValues(texts.join(''), values)
}

export function withValues(text: string, values: Values): string {
  return Object.entries(ON_PAGES).reduce(
    (result, [name, placeholder]) => result.replaceAll(placeholder, values[name as keyof Values]),
    text,
  )
}

/** Tells one set of lines from another: a result is of the lines that were driven. */
export function markOf(blocks: Block[]): string {
  return createHash('sha256').update(JSON.stringify(blocks)).digest('hex').slice(0, 8)
}
