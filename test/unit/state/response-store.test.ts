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
