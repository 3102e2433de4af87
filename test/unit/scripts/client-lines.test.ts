// What the page shows of docs/clients/*.md.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fill, isPlain, PLACEHOLDERS } from '../../../demo/connect/fill.ts'
import { apiTitle, searched } from '../../../demo/connect/search.ts'
import { blocksOf, clientPages, PAGES, pageOf } from '../../../scripts/client-lines.mjs'

const pages = clientPages()
const values = { url: 'https://gpu.example/ai', key: 'sk-1', model: 'qwen3:4b' }

it('has every page of docs/clients', () => {
  const names = readdirSync(PAGES).filter((file) => file.endsWith('.md'))
  expect(pages.map(({ name }) => `${name}.md`).sort()).toEqual(names.sort())
  expect(names.length).toBeGreaterThan(11)
})

describe.each(pages)('$name', ({ name, title, intro, apis, parts }) => {
  const markdown = readFileSync(join(PAGES, `${name}.md`), 'utf8')
  const blocks = parts.filter((part) => part.kind === 'block')

  it('has all lines of its page, in their order', () => {
    expect(blocks.length).toBeGreaterThan(0)
    expect(blocks.map(({ text }) => text)).toEqual(blocksOf(markdown).map(({ text }) => text))
  })

  it('has a title, words on what it is, and APIs with a name', () => {
    expect(title).not.toBe('')
    expect(intro).not.toBe('')
    expect(apis.filter((id) => apiTitle(id) === id)).toEqual([])
  })

  it('has lines for each of its APIs', () => {
    for (const api of apis) {
      const own = blocks.filter((part) => part.apis.length === 0 || part.apis.includes(api))
      expect(own.map(({ text }) => text).join('')).toContain(PLACEHOLDERS.url)
    }
  })

  it('says nothing of placeholders once it is filled in', () => {
    const shown = parts.flatMap((part) => ('items' in part ? part.items : [part.text]))
    const text = fill(shown.join('\n'), values)
    for (const placeholder of ['YOUR_KEY', 'my-model', '127.0.0.1:8787', 'stands for your']) {
      expect(text).not.toContain(placeholder)
    }
  })
})

it('gives a paragraph to the APIs of the lines below it', () => {
  const { parts } = pageOf(
    'x',
    '# X\n\nIt is.\n\n## The lines\nOld:\n\n```sh env api=chat\na\n```\n\nEnd.\n',
  )
  expect(parts.map(({ kind, apis }) => [kind, ...apis])).toEqual([
    ['heading', 'chat'],
    ['text', 'chat'],
    ['block', 'chat'],
    ['text'],
  ])
})

it('leaves out what the page fills in, and keeps the rest of the paragraph', () => {
  const text =
    '# X\n\nIt is.\n\n## The lines\n`my-model` stands for your model. X reads `a`:\n\n```sh env\na\n```\n'
  expect(pageOf('x', text).parts[1]).toMatchObject({ text: 'X reads `a`:' })
})

it('fills in values as they are', () => {
  expect(fill(`${PLACEHOLDERS.url}/v1 YOUR_KEY my-model`, { ...values, key: '$&' })).toBe(
    'https://gpu.example/ai/v1 $& qwen3:4b',
  )
})

it.each([
  ['qwen3:4b', true],
  ['publisher/model-7b@q4_k_m', true],
  ['x; rm -rf ~', false],
  ['$(reboot)', false],
  ['a`b`', false],
  ['a"b', false],
  ['--help', false],
  ['', false],
])('lets %o stand in a line for a shell: %s', (value, expected) => {
  expect(isPlain(value)).toBe(expected)
})

it('finds a client by its name or its API', () => {
  const names = (search: string) => searched(pages, search).map(({ name }) => name)
  expect(names('claude')).toEqual(['claude-code'])
  expect(names('anthropic messages')).toContain('opencode')
  expect(names('')).toHaveLength(pages.length)
  expect(names('nothing like it')).toEqual([])
})
