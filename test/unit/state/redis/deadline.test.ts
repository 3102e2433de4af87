import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { withDeadline } from '../../../../src/state/redis/deadline.ts'
import { StateAwayError } from '../../../../src/state/redis/port.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('settles as the promise does', async () => {
  expect(await withDeadline(100, Promise.resolve(1))).toBe(1)
  await expect(withDeadline(100, Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(vi.getTimerCount()).toBe(0)
})

it('gives up after its time', async () => {
  const late = withDeadline(100, new Promise(() => {}))
  const outcome = expect(late).rejects.toThrow(StateAwayError)
  await vi.advanceTimersByTimeAsync(100)
  await outcome
})

it('waits once more where this process was busy, as the reply may be there unread', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const bounded = withDeadline(100, promise)
  // The timer runs late: 500 ms passed in one turn of the event loop.
  const now = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => now + 500)
  await vi.advanceTimersByTimeAsync(100)
  resolve('in time')
  expect(await bounded).toBe('in time')
  vi.restoreAllMocks()
})
