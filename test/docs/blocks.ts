/** The fenced blocks of the documentation, and what their info strings say. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'

/**
 * Why a block cannot be run here, and how many say so. Nothing else may stand in `not-run="…"`, and a
 * further block raises a number here, so that somebody asks whether it could not be run after all.
 */
export const REASONS: Readonly<Record<string, number>> = {
  'installs software': 2,
  'needs a cloud account': 2,
  'needs Docker': 2,
  'needs root': 3,
  'run by a test of its own': 6,
  'shows a form, with names to fill in': 1,
  'starts a model server': 8,
  'takes minutes': 1,
}

export interface DocBlock {
  /** Below the repository's folder. */
  page: string
  /** The line of its fence. */
  line: number
  /** The first word of the info string. */
  language: string
  /** The other words: `run`, or `file=chat.mjs`. */
  words: ReadonlyMap<string, string>
  text: string
}

/** Pages that programs write: their blocks are judged where they are made. */
const GENERATED = ['docs/rules.md', 'docs/settings.md', 'docs/tools.md', 'docs/routes.md']

/** Every page of the documentation, the README first. */
export function allPages(): string[] {
  const found = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const pages = found.filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
  const docs = pages.filter((path) => !path.startsWith('.')).map((path) => `docs/${path}`)
  return ['README.md', ...docs.sort()].filter((page) => !GENERATED.includes(page))
}

export function blocksOfPage(page: string): DocBlock[] {
  return blocksIn(readFileSync(join(root, page), 'utf8'), page)
}

/** The blocks of a text, in their order. */
export function blocksIn(markdown: string, page: string): DocBlock[] {
  const blocks: DocBlock[] = []
  const fences = /^( *)(`{3,})([^\n`]*)\n([\s\S]*?)^\1\2$/gm
  for (const found of markdown.matchAll(fences)) {
    const [, indent = '', , info = '', text = ''] = found
    const line = markdown.slice(0, found.index).split('\n').length
    const [language = '', ...words] = info.trim().match(/[^\s"]+(?:"[^"]*")?/g) ?? []
    const lines = text.split('\n').map((each) => each.slice(indent.length))
    const options = new Map(words.map(optionOf))
    blocks.push({ page, line, language, words: options, text: lines.join('\n') })
  }
  return blocks
}

/** `file=chat.mjs`, `not-run="needs Docker"`, or a word alone. */
function optionOf(word: string): [string, string] {
  const at = word.indexOf('=')
  if (at === -1) return [word, '']
  return [word.slice(0, at), word.slice(at + 1).replace(/^"|"$/g, '')]
}

export function placeOf({ page, line }: DocBlock): string {
  return `${page}:${line}`
}
