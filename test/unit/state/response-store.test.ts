import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newResponse } from '../../../src/dialects/responses/answer.ts'
import {
  memoryResponseStore,
  type ResponseStore,
  type StoredResponse,
} from '../../../src/state/response-store.ts'
import type { ResponseItem } from '../../../src/wire/responses/request.ts'

function item(id: string, text = 'x'): ResponseItem {
  return { type: 'message', id, role: 'user', content: [{ type: 'input_text', text }] }
}

function kept(id: string, input: ResponseItem[] = []): StoredResponse {
  return { response: { ...newResponse({}, id, 'in_progress'), status: 'completed' }, input }
}

const limits = { count: 1_000, bytes: 1_000_000, ageMs: 60_000 }

describe('a store in memory', () => {
  it('keeps a response for its owner alone', async () => {
    const store = memoryResponseStore()
    await store.put('ann', kept('resp_1', [item('msg_1')]))
    expect((await store.get('ann', 'resp_1'))?.response.id).toBe('resp_1')
    expect(await store.item('ann', 'msg_1')).toMatchObject({ id: 'msg_1' })
    for (const owner of ['bob', '']) {
      expect(await store.get(owner, 'resp_1')).toBeUndefined()
      expect(await store.item(owner, 'msg_1')).toBeUndefined()
      expect(await store.delete(owner, 'resp_1')).toBe(false)
    }
    expect(await store.get('ann', 'resp_1')).toBeDefined()
  })

  it('never mixes up owners and ids, whatever they are', async () => {
    const name = fc.string({ maxLength: 4 })
    const property = fc.asyncProperty(name, name, name, name, async (owner, id, other, asked) => {
      const store = memoryResponseStore()
      await store.put(owner, kept(id))
      const found = await store.get(other, asked)
      expect(found !== undefined).toBe(owner === other && id === asked)
    })
    await fc.assert(property)
  })

  it('changes what is kept, and brings nothing back that was deleted', async () => {
    const store = memoryResponseStore()
    await store.put('', kept('resp_1'))
    await store.update('', kept('resp_1', [item('msg_1')]))
    expect(await store.item('', 'msg_1')).toBeDefined()
    expect(await store.delete('', 'resp_1')).toBe(true)
    expect(await store.item('', 'msg_1')).toBeUndefined()
    await store.update('', kept('resp_1'))
    expect(await store.get('', 'resp_1')).toBeUndefined()
  })

  it('finds no item of what was stored before under the same id', async () => {
    const store = memoryResponseStore({ ...limits, count: 1 })
    await store.put('', kept('resp_1', [item('msg_1')]))
    await store.update('', kept('resp_1', [item('msg_2')]))
    expect(await store.item('', 'msg_1')).toBeUndefined()
    await store.put('', kept('resp_2'))
    await store.put('', kept('resp_1', [item('msg_3')]))
    expect(await store.item('', 'msg_2')).toBeUndefined()
    expect(await store.item('', 'msg_3')).toBeDefined()
  })

  it('finds an item as long as one of its responses is kept', async () => {
    const store = memoryResponseStore()
    const shared = item('msg_1')
    await store.put('', kept('resp_1', [shared]))
    await store.put('', kept('resp_2', [shared]))
    await store.delete('', 'resp_1')
    expect(await store.item('', 'msg_1')).toBe(shared)
  })

  it('forgets what was not used for the longest time, and its items', async () => {
    const store = memoryResponseStore({ ...limits, count: 2 })
    await store.put('', kept('resp_1', [item('msg_1')]))
    await store.put('', kept('resp_2', [item('msg_2')]))
    await store.get('', 'resp_1')
    await store.put('', kept('resp_3'))
    expect(await store.get('', 'resp_2')).toBeUndefined()
    expect(await store.item('', 'msg_2')).toBeUndefined()
    expect(await store.item('', 'msg_1')).toBeDefined()
  })

  it('never holds more than it may, and not at all what is larger', async () => {
    const store = memoryResponseStore({ ...limits, bytes: 20_000 })
    for (let count = 0; count < 50; count++) {
      await store.put('', kept(`resp_${count}`, [item(`msg_${count}`, 'y'.repeat(1_000))]))
    }
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, at) => store.get('', `resp_${at}`)),
    )
    const ids = found.filter((each) => each !== undefined).map(({ response }) => response.id)
    expect(ids.length).toBeLessThan(8)
    expect(ids).toContain('resp_49')
    await store.put('', kept('resp_large', [item('msg', 'y'.repeat(20_000))]))
    expect(await store.get('', 'resp_large')).toBeUndefined()
    expect(await store.get('', 'resp_49')).toBeDefined()
  })
})

describe('a store that several owners share', () => {
  const roomy = { ...limits, count: 30, bytes: 40_000 }
  const add = async (store: ResponseStore, owner: string, count: number, text = 'x') => {
    for (let at = 0; at < count; at++) {
      await store.put(owner, kept(`resp_${at}`, [item(`msg_${at}`, text)]))
    }
  }

  it('lets one that stores many evict nothing of another', async () => {
    const store = memoryResponseStore({ ...roomy, bytes: 1_000_000 })
    await add(store, 'bob', 5)
    await add(store, 'ann', 200)
    await add(store, 'cat', 5)
    for (const owner of ['bob', 'cat']) {
      for (let at = 0; at < 5; at++) {
        expect(await store.get(owner, `resp_${at}`)).toBeDefined()
        expect(await store.item(owner, `msg_${at}`)).toBeDefined()
      }
    }
    expect(await store.get('ann', 'resp_199')).toBeDefined()
    expect(await store.item('ann', 'msg_0')).toBeUndefined()
  })

  it('lets one with large responses evict nothing of another', async () => {
    const store = memoryResponseStore(roomy)
    await add(store, 'bob', 3)
    await add(store, 'ann', 20, 'y'.repeat(8_000))
    for (let at = 0; at < 3; at++) expect(await store.get('bob', `resp_${at}`)).toBeDefined()
  })

  it('does not store what has no room beside the shares of others, and evicts nothing for it', async () => {
    const store = memoryResponseStore(roomy)
    await add(store, 'bob', 2, 'y'.repeat(4_000))
    await store.put('ann', kept('resp_small'))
    await store.put('ann', kept('resp_large', [item('msg_large', 'y'.repeat(14_000))]))
    expect(await store.get('ann', 'resp_large')).toBeUndefined()
    expect(await store.item('ann', 'msg_large')).toBeUndefined()
    expect(await store.get('ann', 'resp_small')).toBeDefined()
    for (let at = 0; at < 2; at++) expect(await store.get('bob', `resp_${at}`)).toBeDefined()
  })

  it('stores what is larger than a fair share where the owner with the most makes room', async () => {
    const store = memoryResponseStore(roomy)
    for (const owner of ['bob', 'cat', 'dan']) await add(store, owner, 1)
    await add(store, 'ann', 20, 'y'.repeat(1_000))
    await store.put('bob', kept('resp_large', [item('msg_large', 'y'.repeat(6_000))]))
    expect(await store.item('bob', 'msg_large')).toBeDefined()
    for (const owner of ['bob', 'cat', 'dan']) {
      expect(await store.get(owner, 'resp_0')).toBeDefined()
    }
  })
})
