// Tabs that store their conversations at the same time: each hears of the other's only after it has stored its own.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { mergeConversations } from '../../../demo/merge-conversations.ts'
import type { Conversation } from '../../../demo/state.ts'

const KEY = 'sluice.conversations'

interface Told {
  key: string
  newValue: string
  oldValue: string | null
}

interface Tab {
  list: { value: Conversation[] }
  hear(told: Told): void
  /** What it has not heard yet. */
  waiting: Told[]
}

let stored: Map<string, string>
let writes: { by: Tab | undefined; told: Told }[]

beforeEach(() => {
  stored = new Map()
  writes = []
  vi.stubGlobal('document', new EventTarget())
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem(key: string, text: string) {
      writes.push({ by: acting, told: { key, newValue: text, oldValue: stored.get(key) ?? null } })
      stored.set(key, text)
    },
  })
})
afterEach(() => vi.unstubAllGlobals())

let acting: Tab | undefined

/** Has a tab do something; what it stores is told to the others later. */
function act(tab: Tab, what: () => void): void {
  acting = tab
  what()
  acting = undefined
}

async function openTab(): Promise<Tab> {
  vi.resetModules()
  let listener: (told: Told) => void = () => {}
  vi.stubGlobal('addEventListener', (type: string, added: typeof listener) => {
    if (type === 'storage') listener = added
  })
  const { persisted } = await import('../../../demo/persisted-signal.ts')
  const list = persisted<Conversation[]>(KEY, [], 0, mergeConversations)
  return { list, waiting: [], hear: (told) => listener(told) }
}

/** Tells the tabs what the others have stored, until nobody stores anything more. */
function settle(tabs: readonly Tab[]): void {
  for (let round = 0; writes.length > 0; round++) {
    expect(round, 'they store theirs in turn for ever').toBeLessThan(10)
    const told = writes.splice(0)
    for (const tab of tabs) {
      for (const each of told) if (each.by !== tab) act(tab, () => tab.hear(each.told))
    }
  }
}

const conversation = (id: string, ...said: string[]): Conversation => ({
  id,
  messages: said.map((content) => ({ role: 'user', content })),
})
const textsIn = (all: readonly Conversation[]) =>
  all.flatMap(({ messages }) => messages.map(({ content }) => content)).sort()

async function tabsWith(...all: Conversation[]): Promise<[Tab, Tab]> {
  stored.set(KEY, JSON.stringify(all))
  const tabs: [Tab, Tab] = [await openTab(), await openTab()]
  // The first one stores what it read.
  settle(tabs)
  return tabs
}

function expectAll(tabs: readonly Tab[], texts: string[]): void {
  for (const { list } of tabs) expect(textsIn(list.value)).toEqual(texts)
  expect(textsIn(JSON.parse(stored.get(KEY) ?? ''))).toEqual(texts)
}

/** As a browser that keeps a copy of the storage for each process: a tab reads what it wrote itself. */
function storeBlindly(tab: Tab, change: () => void): void {
  const there = stored.get(KEY)
  const seen = blind.get(tab)
  if (seen !== undefined) stored.set(KEY, seen)
  act(tab, change)
  blind.set(tab, stored.get(KEY) ?? '')
  if (there !== undefined) {
    const last = writes.at(-1)
    if (last) last.told.oldValue = seen ?? null
  }
}
const blind = new Map<Tab, string>()

it.each([
  ['which see at once what is stored', act],
  ['which see it later', storeBlindly],
])('two tabs %s keep what both begin at the same time', async (_, store) => {
  const tabs = await tabsWith(conversation('x', 'old'))
  for (const tab of tabs) blind.set(tab, stored.get(KEY) ?? '')
  const [first, second] = tabs
  store(first, () => (first.list.value = [conversation('a', 'of the first'), ...first.list.value]))
  store(second, () => {
    second.list.value = [conversation('b', 'of the second'), ...second.list.value]
  })
  settle(tabs)
  expectAll(tabs, ['of the first', 'of the second', 'old'])
})

it.each([
  ['at once', act],
  ['later', storeBlindly],
])('a change, a deletion and a longer version survive, heard of %s', async (_, store) => {
  const all = [conversation('x', 'old'), conversation('y', 'gone'), conversation('z', 'both')]
  const tabs = await tabsWith(...all)
  for (const tab of tabs) blind.set(tab, stored.get(KEY) ?? '')
  const [first, second] = tabs
  store(first, () => {
    const [, , z] = first.list.value
    first.list.value = [
      conversation('x', 'old', 'new'),
      ...(z ? [conversation('z', 'both', 'more', 'most')] : []),
    ]
  })
  store(second, () => {
    second.list.value = second.list.value.map((each) =>
      each.id === 'z' ? conversation('z', 'both', 'less') : each,
    )
  })
  settle(tabs)
  expectAll(tabs, ['both', 'more', 'most', 'new', 'old'])
})

it('a tab takes what another one stored, without storing it again', async () => {
  const tabs = await tabsWith(conversation('x', 'old'))
  const [first, second] = tabs
  act(first, () => (first.list.value = [conversation('x', 'old', 'new')]))
  const told = writes.splice(0)
  expect(told).toHaveLength(1)
  for (const each of told) act(second, () => second.hear(each.told))
  expect(writes).toEqual([])
  expectAll(tabs, ['new', 'old'])
})

it('two tabs whose messages cross make one list, in one order', () => {
  const [a, b, x] = [conversation('a', 'one'), conversation('b', 'two'), conversation('x', 'old')]
  const bases = [[x], [a, x], [b, x], [a, b, x], [b, a, x]]
  for (const base of bases) {
    const first = mergeConversations([a, b, x], [b, a, x], base)
    const second = mergeConversations([b, a, x], [a, b, x], base)
    expect(first).toEqual(second)
    expect(textsIn(first)).toEqual(['old', 'one', 'two'])
  }
})
