import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newResponse } from '../../src/dialects/responses/answer.ts'
import type { ResponseStore, StoredResponse } from '../../src/state/response-store.ts'
import type { ResponseItem } from '../../src/wire/responses/request.ts'

/** A store to be tested. Tests use owners of their own, so that all may share one server. */
export interface ResponseStoreSubject {
  store: ResponseStore
  /** The store as another instance has it; the same one where there is only one. */
  other: ResponseStore
}

export interface StoreLimits {
  count: number
  bytes: number
  ageMs: number
}

/** A store with these limits for one owner. */
export type MakeStore = (
  limits: StoreLimits,
) => ResponseStoreSubject | Promise<ResponseStoreSubject>

const LIMITS: StoreLimits = { count: 1_000, bytes: 1_000_000, ageMs: 60_000 }

let count = 0
const newOwner = () => `owner ${Date.now().toString(36)} ${count++}`

export function item(id: string, text = 'x'): ResponseItem {
  return { type: 'message', id, role: 'user', content: [{ type: 'input_text', text }] }
}

export function stored(id: string, input: ResponseItem[] = []): StoredResponse {
  return { response: { ...newResponse({}, id, 'in_progress'), status: 'completed' }, input }
}

/** What each implementation of `ResponseStore` has to pass. */
export function responseStoreSuite(name: string, make: MakeStore) {
  describe(`${name}: a store of responses`, () => {
    finds(make)
    owners(make)
    changes(make)
    bounds(make)
  })
}

function finds(make: MakeStore) {
  it('gives back a response as it was, also to another instance', async () => {
    const { store, other } = await make(LIMITS)
    const owner = newOwner()
    const text = 'é€😀 "quoted" \\u0000 \u2028 {}[]'
    const output = [{ ...item('msg_2', text), role: 'assistant' }, item('rs_1')]
    const input = [item('msg_1', text), { ...item('call_1'), empty: [], number: 1e21, none: null }]
    const given = { ...stored('resp_1', input) }
    given.response = { ...given.response, output, metadata: { b: '1', a: '2' } } as never
    const bytes = JSON.stringify(given)
    await store.put(owner, given)
    expect(JSON.stringify(await other.get(owner, 'resp_1'))).toBe(bytes)
    for (const each of [...input, ...output]) {
      expect(await other.item(owner, each.id)).toEqual(each)
    }
  })

  // V8 mixes them up: bench/upstream-reports/node-json-key.
  it('gives back the names of fields as they were, whatever was stored before', async () => {
    const { store, other } = await make(LIMITS)
    const owner = newOwner()
    for (const [at, name] of ['\\', '\n'].entries()) {
      const given = stored(`resp_${at}`, [{ ...item(`msg_${at}`), [`${owner} ${name}`]: 1 }])
      await store.put(owner, given)
      expect(JSON.stringify(await other.get(owner, `resp_${at}`))).toBe(JSON.stringify(given))
      expect(await other.item(owner, `msg_${at}`)).toEqual(given.input[0])
    }
  })

  it('finds nothing that was not stored', async () => {
    const { store } = await make(LIMITS)
    const owner = newOwner()
    expect(await store.get(owner, 'resp_1')).toBeUndefined()
    expect(await store.item(owner, 'msg_1')).toBeUndefined()
    expect(await store.delete(owner, 'resp_1')).toBe(false)
    await store.put(owner, stored('resp_1', [item('msg_1')]))
    for (const id of ['', 'resp_', 'resp_1 ', 'total', 'of:resp_1', 'msg_1', '*', '\u0000']) {
      expect(await store.get(owner, id)).toBeUndefined()
      expect(await store.delete(owner, id)).toBe(false)
    }
    expect(await store.item(owner, 'resp_1')).toBeUndefined()
  })

  it('finds an item as long as the response that stored it last is there', async () => {
    const { store, other } = await make(LIMITS)
    const owner = newOwner()
    await store.put(owner, stored('resp_1', [item('msg_1', 'first')]))
    await other.put(owner, stored('resp_2', [item('msg_1', 'second')]))
    expect(await store.item(owner, 'msg_1')).toEqual(item('msg_1', 'second'))
    await store.delete(owner, 'resp_1')
    expect(await other.item(owner, 'msg_1')).toEqual(item('msg_1', 'second'))
    await store.delete(owner, 'resp_2')
    expect(await other.item(owner, 'msg_1')).toBeUndefined()
  })

  it('finds the first of two items with one id', async () => {
    const { store } = await make(LIMITS)
    const owner = newOwner()
    await store.put(owner, stored('resp_1', [item('msg_1', 'first'), item('msg_1', 'second')]))
    expect(await store.item(owner, 'msg_1')).toEqual(item('msg_1', 'first'))
  })
}

function owners(make: MakeStore) {
  it('keeps a response for its owner alone', async () => {
    const { store, other } = await make(LIMITS)
    const owner = newOwner()
    await store.put(owner, stored('resp_1', [item('msg_1')]))
    for (const foreign of [`${owner}x`, `${owner}}`, owner.slice(0, -1), owner.toUpperCase()]) {
      expect(await other.get(foreign, 'resp_1')).toBeUndefined()
      expect(await other.item(foreign, 'msg_1')).toBeUndefined()
      expect(await other.delete(foreign, 'resp_1')).toBe(false)
      await other.update(foreign, stored('resp_1', [item('msg_2')]))
      expect(await other.item(foreign, 'msg_2')).toBeUndefined()
    }
    expect(await store.item(owner, 'msg_1')).toBeDefined()
  })

  it('never mixes up owners and ids, whatever they are', async () => {
    const { store } = await make(LIMITS)
    const name = fc.string({ maxLength: 4 })
    const property = fc.asyncProperty(name, name, name, name, async (a, id, b, asked) => {
      const [owner, other] = [newOwner(), newOwner()]
      const asking = a === b ? owner : other
      await store.put(owner + a, stored(id))
      const found = await store.get(asking + b, asked)
      expect(found !== undefined).toBe(a === b && id === asked)
    })
    await fc.assert(property, { seed: 1, numRuns: 60 })
  })
}

function changes(make: MakeStore) {
  it('changes what is stored, and brings nothing back that was deleted', async () => {
    const { store, other } = await make(LIMITS)
    const owner = newOwner()
    await store.put(owner, stored('resp_1'))
    await other.update(owner, stored('resp_1', [item('msg_1')]))
    expect(await store.item(owner, 'msg_1')).toBeDefined()
    expect(await other.delete(owner, 'resp_1')).toBe(true)
    expect(await other.delete(owner, 'resp_1')).toBe(false)
    expect(await store.item(owner, 'msg_1')).toBeUndefined()
    await store.update(owner, stored('resp_1', [item('msg_1')]))
    expect(await store.get(owner, 'resp_1')).toBeUndefined()
    expect(await store.item(owner, 'msg_1')).toBeUndefined()
  })

  it('finds no item of what was stored before under the same id', async () => {
    const { store } = await make({ ...LIMITS, count: 1 })
    const owner = newOwner()
    await store.put(owner, stored('resp_1', [item('msg_1')]))
    await store.update(owner, stored('resp_1', [item('msg_2')]))
    expect(await store.item(owner, 'msg_1')).toBeUndefined()
    await store.put(owner, stored('resp_2'))
    await store.put(owner, stored('resp_1', [item('msg_3')]))
    expect(await store.item(owner, 'msg_2')).toBeUndefined()
    expect(await store.item(owner, 'msg_3')).toBeDefined()
  })
}

function bounds(make: MakeStore) {
  it('evicts what was not used for the longest time, and its items', async () => {
    const { store } = await make({ ...LIMITS, count: 3 })
    const owner = newOwner()
    for (const n of [1, 2, 3]) await store.put(owner, stored(`resp_${n}`, [item(`msg_${n}`)]))
    await pass(5)
    await store.get(owner, 'resp_1')
    await store.item(owner, 'msg_2')
    await store.put(owner, stored('resp_4'))
    expect(await store.get(owner, 'resp_3')).toBeUndefined()
    expect(await store.item(owner, 'msg_3')).toBeUndefined()
    expect(await store.item(owner, 'msg_1')).toBeDefined()
    expect(await store.get(owner, 'resp_2')).toBeDefined()
  })

  it('never holds more bytes than it may, and not at all what is larger', async () => {
    const { store } = await make({ ...LIMITS, bytes: 20_000 })
    const owner = newOwner()
    for (let n = 0; n < 50; n++) {
      await store.put(owner, stored(`resp_${n}`, [item(`msg_${n}`, 'y'.repeat(1_000))]))
    }
    const ids = Array.from({ length: 50 }, (_, n) => `resp_${n}`)
    const found = await Promise.all(ids.map((id) => store.get(owner, id)))
    const there = ids.filter((_, n) => found[n] !== undefined)
    expect(there.length).toBeLessThan(16)
    expect(there).toContain('resp_49')
    await store.put(owner, stored('resp_large', [item('msg', 'y'.repeat(20_000))]))
    expect(await store.get(owner, 'resp_large')).toBeUndefined()
    expect(await store.get(owner, 'resp_49')).toBeDefined()
    await store.update(owner, stored('resp_49', [item('msg', 'y'.repeat(20_000))]))
    expect(await store.get(owner, 'resp_49')).toBeUndefined()
    expect(await store.item(owner, 'msg_49')).toBeUndefined()
  })

  it('lets one owner evict nothing of another', async () => {
    const { store } = await make({ ...LIMITS, count: 12 })
    const [ann, bob] = [newOwner(), newOwner()]
    for (let n = 0; n < 4; n++) await store.put(bob, stored(`resp_${n}`, [item(`msg_${n}`)]))
    for (let n = 0; n < 40; n++) await store.put(ann, stored(`resp_${n}`))
    for (let n = 0; n < 4; n++) expect(await store.item(bob, `msg_${n}`)).toBeDefined()
    expect(await store.get(ann, 'resp_39')).toBeDefined()
    expect(await store.get(ann, 'resp_0')).toBeUndefined()
  })

  it('forgets what was not used for its time, and keeps what was', async () => {
    const { store } = await make({ ...LIMITS, ageMs: 600 })
    const owner = newOwner()
    await store.put(owner, stored('resp_1', [item('msg_1')]))
    await store.put(owner, stored('resp_2', [item('msg_2')]))
    await pass(350)
    expect(await store.get(owner, 'resp_1')).toBeDefined()
    await pass(350)
    expect(await store.get(owner, 'resp_2')).toBeUndefined()
    expect(await store.item(owner, 'msg_2')).toBeUndefined()
    expect(await store.item(owner, 'msg_1')).toBeDefined()
    await store.update(owner, stored('resp_2', [item('msg_2')]))
    expect(await store.get(owner, 'resp_2')).toBeUndefined()
    await pass(700)
    expect(await store.item(owner, 'msg_1')).toBeUndefined()
  })
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
