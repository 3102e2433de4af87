import { expect, it } from 'vitest'
import { RequestWatcher } from '../../../../src/telemetry/activity/request-watcher.ts'

const encoder = new TextEncoder()

it('joins a character that is split between two packets', () => {
  const watcher = new RequestWatcher(1_000, true)
  const bytes = encoder.encode('a – b')
  watcher.onSent([bytes.slice(0, 3)], 1_010)
  watcher.onSent([bytes.slice(3, 4), bytes.slice(4)], 1_020)
  watcher.onReceived?.(encoder.encode('x'), 1_030)
  expect(watcher.take()).toEqual([
    { event: 'sent', data: { at: 10, text: 'a ' } },
    { event: 'sent', data: { at: 20, text: '– b' } },
    { event: 'received', data: { at: 30, text: 'x' } },
  ])
  expect(watcher.take()).toEqual([])
})

it('does not keep the bytes, which may be used again', () => {
  const watcher = new RequestWatcher(0, true)
  const bytes = encoder.encode('abc')
  watcher.onSent([bytes], 1)
  bytes.fill(0)
  expect(watcher.take()).toMatchObject([{ data: { text: 'abc' } }])
})

it.each([
  ['characters', 100_000, 20],
  ['events', 1, 5_000],
])('holds a bounded number of %s, and counts what is lost', (_, size, count) => {
  const watcher = new RequestWatcher(0, true)
  const bytes = encoder.encode('x'.repeat(size))
  for (let each = 0; each < count; each++) watcher.onSent([bytes], each)
  const events = watcher.take()
  const lost = events.at(-1)
  const kept = events.slice(0, -1)
  expect(lost).toEqual({ event: 'lost', data: { count: count - kept.length } })
  expect(kept.length * size).toBeLessThanOrEqual(512 * 1024)
  expect(kept.length).toBeLessThanOrEqual(2_000)
  expect(kept.length).toBeGreaterThan(4)
  watcher.onSent([encoder.encode('again')], 9)
  expect(watcher.take()).toMatchObject([{ data: { text: 'again' } }])
})

it('sees nothing of the engine where it may not', () => {
  expect(new RequestWatcher(0, false).onReceived).toBeUndefined()
})

it('masks the keys and addresses of servers in what they send', () => {
  const watcher = new RequestWatcher(0, true, ['sk-secret-key', '10.0.0.2:8000'])
  watcher.onReceived?.(encoder.encode('bad key sk-secret-key at 10.0.0.2:8000'), 1)
  expect(watcher.take()).toMatchObject([{ data: { text: 'bad key … at …' } }])
})
