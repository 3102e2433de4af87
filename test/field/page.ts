/** The lines of docs/clients/NAME.md: what a user copies is what the suite runs. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockKind } from '../../demo/connect/client-page.ts'
import { PLACEHOLDERS } from '../../demo/connect/fill.ts'
import { blocksOf, PAGES } from '../../scripts/client-lines.mjs'

export type { BlockKind as Kind }
export { blocksOf, PAGES }

export interface Block {
  kind: BlockKind
  /** The path, of a file. */
  path: string
  /** The APIs that it is for; none where it is for all. */
  apis: string[]
  text: string
}

/** What stands on the pages in place of what differs from user to user. */
export const ON_PAGES = {
  ...PLACEHOLDERS,
  prompt: 'Say hello.',
  second: 'And again?',
}
export type Values = typeof ON_PAGES

export function readPage(name: string): Block[] {
  return blocksOf(readFileSync(join(PAGES, `${name}.md`), 'utf8'))
}

export function blocksFor(blocks: Block[], api: string): Block[] {
  return blocks.filter(({ apis }) => apis.length === 0 || apis.includes(api))
}

/** The text of all blocks of a kind, with a user's values in place of the page's. */
export function linesOf(blocks: Block[], kind: BlockKind, values: Values): string {
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
