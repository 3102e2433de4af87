import { expect, it } from 'vitest'
import type { CatalogEntry } from '../../../src/engines/registry/catalog.ts'
import { unlessOfTab } from '../../../worker/objects/unless-of-tab.ts'

const url = 'http://127.0.0.1:8787/v1/chat/completions'
const engine = { mayServe: ({ name }: { name: string }) => name === '' }
const entries = [{ engine, models: [{ id: 'tiny' }] }] as unknown as CatalogEntry[]

async function isKept(
  asked: string | undefined,
  names: { alias?: Record<string, string>; model?: string } = {},
  caller?: { name: string; isAdmin: boolean },
) {
  const settings = { alias: {}, ...names }
  const elsewhere = unlessOfTab(
    { entries },
    async () => new Response(),
    () => settings,
  )
  const answer = await elsewhere(new Request(url), { model: asked }, { caller } as never)
  return answer === undefined
}

const alias = { small: 'tiny', big: 'huge' }

it.each<[string | undefined, object, boolean]>([
  ['tiny', {}, true],
  ['tiny:latest', {}, true],
  ['huge', {}, false],
  ['small', { alias }, true],
  ['small:latest', { alias }, true],
  ['big', { alias }, false],
  [undefined, {}, true],
  [undefined, { alias, model: 'small' }, true],
  [undefined, { alias, model: 'huge' }, false],
])('a request for %s, with %o: stays with the tabs that have it: %s', async (asked, names, is) => {
  expect(await isKept(asked, names)).toBe(is)
})

it('a request of somebody whom no tab answers does not stay, although one has the model', async () => {
  expect(await isKept('tiny', {}, { name: 'shy', isAdmin: false })).toBe(false)
  expect(await isKept('tiny', {}, { name: '', isAdmin: true })).toBe(true)
})
