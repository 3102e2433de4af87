import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type EventSource, EventStream } from '../../../../src/routes/activity/event-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function start(given: Partial<EventSource> = {}, client = new AbortController()) {
  const waiting: string[] = []
  const calls = { next: 0, end: 0 }
  const stream = new EventStream(
    {
      next() {
        calls.next++
        return waiting.length > 0 ? waiting.splice(0).join('') : undefined
      },
      isOver: () => false,
      onEnd: () => void calls.end++,
      ...given,
    },
    { heartbeat: 2_000, clientTimeout: 5_000, client: client.signal },
  )
  const response = stream.start()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const read = async () => {
    const { value, done } = await reader.read()
    return done ? 'end' : new TextDecoder().decode(value)
  }
  return { stream, reader, read, waiting, calls, client }
}

it('looks four times a second, writes what there is, and a comment after a silence', async () => {
  const { read, waiting, calls } = start()
  waiting.push('a', 'b')
  const first = read()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await first).toBe('ab')
  expect(calls.next).toBeLessThanOrEqual(5)
  const second = read()
  await vi.advanceTimersByTimeAsync(2_300)
  expect(await second).toBe(': ping\n\n')
})

it('asks for nothing while something is unread, and then for all at once', async () => {
  const { read, waiting, calls } = start()
  waiting.push('a')
  await vi.advanceTimersByTimeAsync(300)
  const { next } = calls
  waiting.push('b')
  await vi.advanceTimersByTimeAsync(1_500)
  waiting.push('c')
  await vi.advanceTimersByTimeAsync(1_500)
  expect(calls.next).toBe(next)
  expect(await read()).toBe('a')
  const rest = read()
  await vi.advanceTimersByTimeAsync(300)
  expect(await rest).toBe('bc')
})

it('disconnects who does not read for the timeout of clients', async () => {
  const { waiting, calls, read } = start()
  waiting.push('a')
  await vi.advanceTimersByTimeAsync(4_000)
  expect(calls.end).toBe(0)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(calls.end).toBe(1)
  await expect(read()).rejects.toThrow('does not read')
  expect(vi.getTimerCount()).toBe(0)
})

it.each(['cancels the body', 'aborts the request'])('ends once when its client %s', async (how) => {
  const { reader, client, calls, waiting } = start()
  waiting.push('a')
  await vi.advanceTimersByTimeAsync(300)
  if (how === 'aborts the request') client.abort()
  else await reader.cancel()
  await vi.advanceTimersByTimeAsync(0)
  expect(calls.end).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('begins nothing for a client that is gone already', async () => {
  const client = new AbortController()
  client.abort()
  const { calls } = start({}, client)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(calls).toEqual({ next: 0, end: 1 })
  expect(vi.getTimerCount()).toBe(0)
})

it('ends well when it is told to, and after the last event of its source', async () => {
  const told = start()
  told.stream.end()
  expect(await told.read()).toBe('end')
  await vi.advanceTimersByTimeAsync(0)
  expect(told.calls.end).toBe(1)
  let events = ['last']
  const over = start({
    next: () => events.pop(),
    isOver: () => events.length === 0,
  })
  expect(await over.read()).toBe('last')
  expect(await over.read()).toBe('end')
  await vi.advanceTimersByTimeAsync(0)
  expect(vi.getTimerCount()).toBe(0)
  events = []
})

it('breaks off where its source throws, and calls its end', async () => {
  const { calls, read } = start({
    next() {
      throw new TypeError('a bug')
    },
  })
  await expect(read()).rejects.toThrow('a bug')
  expect(calls.end).toBe(1)
})
