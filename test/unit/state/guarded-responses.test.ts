import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { guardedResponses } from '../../../src/state/redis/guarded-responses.ts'
import { StateAwayError } from '../../../src/state/redis/port.ts'
import { memoryResponseStore, type ResponseStore } from '../../../src/state/response-store.ts'
import { item, stored } from '../../state/response-store-suite.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** A shared store that can be away. */
function subject({ isClosed = false } = {}) {
  const shared = memoryResponseStore()
  const state = { isAway: false }
  const guarded = Object.fromEntries(
    (['put', 'update', 'get', 'delete', 'item'] as const).map((name) => [
      name,
      async (...args: never[]) => {
        if (state.isAway) throw new StateAwayError('state: away')
        return (shared[name] as (...args: never[]) => unknown)(...args)
      },
    ]),
  ) as unknown as ResponseStore
  return { shared, state, store: guardedResponses(guarded, { isClosed }) }
}

it('stores here what the shared store does not take, and sends it later, once', async () => {
  const { shared, state, store } = subject()
  state.isAway = true
  await store.put('ann', stored('resp_1'))
  const ended = stored('resp_1', [item('msg_1')])
  await store.update('ann', ended)
  expect(await store.get('ann', 'resp_1')).toEqual(ended)
  expect(await store.item('ann', 'msg_1')).toEqual(item('msg_1'))
  await expect(store.get('bob', 'resp_1')).rejects.toThrow(StateAwayError)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await shared.get('ann', 'resp_1')).toBeUndefined()
  state.isAway = false
  await vi.advanceTimersByTimeAsync(1_500)
  expect(await shared.get('ann', 'resp_1')).toEqual(ended)
  await shared.delete('ann', 'resp_1')
  expect(await store.get('ann', 'resp_1')).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

it('brings nothing back that was deleted at the shared store before an end could be sent', async () => {
  const { shared, state, store } = subject()
  await store.put('ann', stored('resp_1'))
  state.isAway = true
  await store.update('ann', stored('resp_1', [item('msg_1')]))
  expect(await store.item('ann', 'msg_1')).toBeDefined()
  await shared.delete('ann', 'resp_1')
  state.isAway = false
  await store.onBack()
  expect(await store.get('ann', 'resp_1')).toBeUndefined()
  expect(await store.item('ann', 'msg_1')).toBeUndefined()
})

it('deletes here and, when it is back, in the shared store too', async () => {
  const { shared, state, store } = subject()
  await shared.put('ann', stored('resp_1'))
  state.isAway = true
  await expect(store.delete('ann', 'resp_1')).rejects.toThrow(StateAwayError)
  // The call was given up, but was carried out.
  await shared.put('ann', stored('resp_2'))
  await store.put('ann', stored('resp_2'))
  expect(await store.delete('ann', 'resp_2')).toBe(true)
  expect(await store.delete('ann', 'resp_2')).toBe(false)
  expect(await store.get('ann', 'resp_2')).toBeUndefined()
  await store.update('ann', stored('resp_2'))
  state.isAway = false
  await store.onBack()
  expect(await shared.get('ann', 'resp_2')).toBeUndefined()
  expect(await shared.get('ann', 'resp_1')).toBeDefined()
})

it('sends a response that changes while it is being sent once more', async () => {
  const { shared, state, store } = subject()
  state.isAway = true
  await store.put('ann', stored('resp_1'))
  state.isAway = false
  const sending = store.onBack()
  const updating = store.update('ann', stored('resp_1', [item('msg_1')]))
  await Promise.all([sending, updating])
  await store.onBack()
  expect(await shared.item('ann', 'msg_1')).toBeDefined()
})

it('refuses new responses where that is asked for, but keeps the end of one', async () => {
  const { shared, state, store } = subject({ isClosed: true })
  await store.put('ann', stored('resp_1'))
  state.isAway = true
  await expect(store.put('ann', stored('resp_2'))).rejects.toThrow(StateAwayError)
  await store.update('ann', stored('resp_1', [item('msg_1')]))
  state.isAway = false
  await store.onBack()
  expect(await shared.item('ann', 'msg_1')).toBeDefined()
  expect(await shared.get('ann', 'resp_2')).toBeUndefined()
  store.close()
})
