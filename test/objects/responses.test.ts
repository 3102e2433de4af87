// Stored responses in Durable Objects.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ResponseStore } from '../../src/state/response-store.ts'
import { item, responseStoreSuite, stored } from '../state/response-store-suite.ts'
import { type Objects, startObjects } from './support/objects.ts'

let objects: Objects
let stores = 0

beforeAll(async () => {
  objects = await startObjects()
})
afterAll(() => objects[Symbol.asyncDispose]())

const DAY = { count: 100, bytes: 20_000_000, ageMs: 86_400_000 }

function remoteStore({ count, bytes, ageMs } = DAY): ResponseStore {
  const store = `${stores++},${count},${bytes},${ageMs}`
  const call = (method: string, ...args: unknown[]) =>
    objects.call(`responses/${store}/${method}`, ...args) as Promise<never>
  return {
    put: (owner, each) => call('put', owner, each),
    update: (owner, each) => call('update', owner, each),
    get: (owner, id) => call('get', owner, id),
    delete: (owner, id) => call('delete', owner, id),
    item: (owner, id) => call('item', owner, id),
  }
}

responseStoreSuite('Durable Objects', (limits) => {
  const store = remoteStore(limits)
  return { store, other: store }
})

it('keeps a response that is larger than a row, also when workerd is killed', async () => {
  const store = remoteStore()
  const long = stored('resp_1', [item('msg_1', '€😀"'.repeat(700_000)), item('msg_2', 'short')])
  await store.put('ann', long)
  await objects.crash()
  expect(await store.get('ann', 'resp_1')).toEqual(long)
  expect(await store.item('ann', 'msg_2')).toEqual(item('msg_2', 'short'))
  expect(await store.get('bob', 'resp_1')).toBeUndefined()
})
