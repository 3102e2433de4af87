import { expect, it } from 'vitest'
import { History, summaryOf } from '../../../demo/engines/history.ts'
import type { Activity } from '../../../src/wire/activity/schema.ts'

function ended(id: string, more: Partial<Activity> = {}): Activity {
  return {
    id,
    arrived: 1_000,
    method: 'POST',
    path: '/v1/chat/completions',
    api: '/v1/chat/completions',
    state: 'ended',
    engine: 'ollama',
    model: 'qwen3',
    streamed: true,
    tokens: 101,
    tokensReported: true,
    durationMs: 2_500,
    firstTokenMs: 500,
    ...more,
  }
}

it('measures the first token, and the rate of the tokens after it', () => {
  const history = new History()
  expect(history.add(ended('a'))).toBe(true)
  expect(history.of('ollama', 'qwen3')).toEqual([
    { id: 'a', at: 3_500, firstTokenMs: 500, rate: 50 },
  ])
  expect(history.modelsOf('ollama')).toEqual(['qwen3'])
  expect(history.of('ollama', 'other')).toEqual([])
})

it.each<[string, Partial<Activity>]>([
  ['a whole answer, whose tokens come at once', { streamed: false }],
  ['an answer of few tokens', { tokens: 3 }],
  ['a client that did not read for long', { blockedMs: 400 }],
])('shows no rate of %s', (_, more) => {
  const history = new History()
  history.add(ended('a', more))
  expect(history.of('ollama', 'qwen3')).toEqual([{ id: 'a', at: 3_500, firstTokenMs: 500 }])
})

it('counts neither the time in the queue nor that of engines that were asked before', () => {
  const history = new History()
  history.add(ended('a', { queuedMs: 400 }))
  history.add(ended('b', { attempts: 2 }))
  expect(history.of('ollama', 'qwen3')).toEqual([
    { id: 'a', at: 3_500, firstTokenMs: 100, rate: 50 },
    { id: 'b', at: 3_500, rate: 50 },
  ])
})

it('leaves out what says nothing of an engine, and what it has already', () => {
  const history = new History()
  history.add(ended('a'))
  expect(history.add(ended('a'))).toBe(false)
  expect(history.add(ended('b', { engine: undefined }))).toBe(false)
  expect(history.add(ended('c', { model: undefined }))).toBe(false)
  expect(history.add(ended('d', { firstTokenMs: undefined }))).toBe(false)
  expect(history.add(ended('e', { state: 'streaming' }))).toBe(false)
  expect(history.of('ollama', 'qwen3')).toHaveLength(1)
})

it('sorts by the end, and keeps the last 200 of a model', () => {
  const history = new History()
  for (let index = 0; index < 250; index++) {
    history.add(ended(`r${index}`, { arrived: 1_000_000 - index }))
  }
  const all = history.of('ollama', 'qwen3')
  expect(all).toHaveLength(200)
  const times = all.map(({ at }) => at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})

it('keeps the last 200 models', () => {
  const history = new History()
  for (let index = 0; index < 230; index++) history.add(ended(`r${index}`, { model: `m${index}` }))
  expect(history.of('ollama', 'm0')).toEqual([])
  expect(history.modelsOf('ollama')).toHaveLength(200)
  // What was forgotten may come again.
  expect(history.add(ended('r0', { model: 'm0' }))).toBe(true)
})

it('sums up by medians', () => {
  const history = new History()
  for (const [index, firstTokenMs] of [100, 9_000, 300].entries()) {
    history.add(ended(`r${index}`, { firstTokenMs, durationMs: firstTokenMs + 2_000 }))
  }
  const summary = summaryOf('qwen3', history.of('ollama', 'qwen3'))
  expect(summary).toEqual({ model: 'qwen3', requests: 3, firstTokenMs: 300, rate: 50 })
})
