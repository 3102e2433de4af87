import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BASIC_CLIENTS } from '../../docs/clients.ts'
import { clients, linesIdOf } from '../../field/clients.ts'
import {
  blocksFor,
  blocksOf,
  linesOf,
  markOf,
  ON_PAGES,
  PAGES,
  readPage,
  withValues,
} from '../../field/page.ts'

describe('the blocks of a page', () => {
  it('are those with a kind after the fence, each for the APIs that it names', () => {
    const page = [
      '```sh env api=chat,messages\nexport A=1\n```',
      '```sh\nnpm start\n```',
      '```json file=~/.x/y.json\n{}\n```',
    ]
    expect(blocksOf(page.join('\n\n'))).toEqual([
      { kind: 'env', path: '', apis: ['chat', 'messages'], text: 'export A=1\n' },
      { kind: 'file', path: '~/.x/y.json', apis: [], text: '{}\n' },
    ])
  })

  it('hold a user’s own values in place of the page’s', () => {
    const values = { ...ON_PAGES, url: 'http://127.0.0.1:9', key: 'k', model: 'm' }
    expect(withValues('http://127.0.0.1:8787/v1 YOUR_KEY my-model', values)).toBe(
      'http://127.0.0.1:9/v1 k m',
    )
  })
})

it('marks lines, so that others are driven anew', () => {
  const [one, other] = ['```sh run\na\n```', '```sh run\nb\n```'].map(blocksOf)
  expect(markOf(one ?? [])).toMatch(/^[0-9a-f]{8}$/)
  expect(markOf(one ?? [])).not.toBe(markOf(other ?? []))
})

describe.each(clients)('the page of $name', ({ name, apis }) => {
  const page = readPage(name)

  it.each(apis)('has the lines for $id', ({ without, isKeyless, ...api }) => {
    const blocks = blocksFor(page, linesIdOf(api))
    const all = blocks.map(({ text }) => text).join('')
    expect(linesOf(blocks, 'run', ON_PAGES)).not.toBe('')
    for (const value of [ON_PAGES.url, ON_PAGES.model, ON_PAGES.prompt])
      expect(all).toContain(value)
    expect(all.includes(ON_PAGES.key)).toBe(!isKeyless)
    const hasSecond = linesOf(blocks, 'again', ON_PAGES) !== ''
    expect(hasSecond).toBe(without?.turns === undefined)
    if (hasSecond) expect(all).toContain(ON_PAGES.second)
  })

  it('names no API that is not driven', () => {
    const known = apis.map(({ id }) => id)
    expect(page.flatMap((block) => block.apis).filter((id) => !known.includes(id))).toEqual([])
  })
})

it('has a page for each client, and no other', () => {
  const pages = readdirSync(PAGES).filter((file) => file.endsWith('.md'))
  const names = [...clients.map(({ name }) => name), ...BASIC_CLIENTS]
  expect(pages.sort()).toEqual(names.map((name) => `${name}.md`).sort())
})
