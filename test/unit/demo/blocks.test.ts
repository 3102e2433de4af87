// A growing answer is shown block by block: as the whole text would be, however it came.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Marked } from 'marked'
import { expect, it } from 'vitest'
import { type Block, BlockSplitter } from '../../../demo/markdown/blocks.ts'

const marked = new Marked({ gfm: true, breaks: true })
const docs = join(import.meta.dirname, '../../../docs')

/** Texts in which a piece that comes later changes what the one before it means. */
const DOUBTFUL = [
  'A line\n#hashtag\n\nAnother\n***bold*** line\n',
  'A line\n---\nA heading above.\n\n- a\n\n  goes on\n- b\n\n\n1. c\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\ntext\n<div>\n\nwithin\n\n</div>\n\nafter\n',
  '```js\nlet a\n\n\nlet b\n```\n~~~\n```\n~~~\ntext\n```a`b\n',
  '<details><summary>x</summary>\n\n**y**\n\n```sh\nls\n```\n\n</details>\n\nz\n',
  '> a\nlazy\n\n    code\n\n    more\n\ntext  \nbreak\n',
]

function blocksOf(text: string, step: number): { blocks: Block[]; splitter: BlockSplitter } {
  const splitter = new BlockSplitter()
  const blocks: Block[] = []
  let last: Block | undefined
  for (let at = 0; at < text.length; at += step) {
    const { complete, growing } = splitter.split(text.slice(0, at + step))
    blocks.push(...complete)
    last = growing
  }
  return { blocks: last === undefined ? blocks : [...blocks, last], splitter }
}

const html = (text: string) => marked.parse(text, { async: false })

it.each([
  ...readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(join(docs, name), 'utf8').slice(0, 6_000)),
  ...DOUBTFUL,
])('splits text %# as it would be split at once, and shows the same', (text) => {
  const { blocks, splitter } = blocksOf(text, text.length)
  for (const step of text.length > 1_000 ? [41] : [1, 3]) {
    expect(blocksOf(text, step).blocks).toEqual(blocks)
  }
  expect(blocks.map((block) => block.text).join('')).toBe(text.replace(/^\n+/, ''))
  const { definitions } = splitter
  const shown = blocks.map((block) =>
    html(definitions === '' ? block.text : `${block.text}\n\n${definitions}`),
  )
  expect(shown.join('')).toBe(html(text))
})

it('splits a long list between its items, and a long table between its rows', () => {
  const list = Array.from({ length: 2_000 }, (_, at) => `${at + 1}. item ${at}\n`).join('')
  const { blocks } = blocksOf(list, list.length)
  expect(blocksOf(list, 97).blocks).toEqual(blocks)
  expect(blocks.length).toBeGreaterThan(5)
  expect(blocks.every((block, at) => at > 0 === (block.isContinued ?? false))).toBe(true)
  expect(html(blocks[1]?.text ?? '')).toMatch(/^<ol start="\d{3}">/)

  const table = `| a | b |\n|---|---|\n${'| one | two |\n'.repeat(4_000)}`
  const rows = blocksOf(table, table.length).blocks.map(({ text }) => text)
  expect(rows.length).toBeGreaterThan(1)
  for (const text of rows) expect(html(text)).toMatch(/^<table>/)
})

it('knows a fenced block of code, its language and its text so far', () => {
  const { growing } = new BlockSplitter().split('```ts title="a"\nlet a = 1\nlet b')
  expect(growing?.code).toEqual({ language: 'ts', text: 'let a = 1\nlet b' })
})

it('takes a text for plain that is nested too deeply', () => {
  const { growing } = new BlockSplitter().split(`${'>'.repeat(20_000)} deep`)
  expect(growing).toMatchObject({ isPlain: true })
})
