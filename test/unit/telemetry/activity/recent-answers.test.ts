import { expect, it } from 'vitest'
import type { Exchange } from '../../../../src/stream/exchange.ts'
import { Timeline } from '../../../../src/stream/timeline.ts'
import { RecentSpeeds } from '../../../../src/telemetry/activity/recent-answers.ts'

/** An answer whose first token came after `first` ms, and 10 tokens more within `took` ms. */
function answered(engine: string, model: string, first: number, took: number): Exchange {
  const timeline = new Timeline()
  timeline.attempts.push({ engine, model, startedAt: 1_000 })
  timeline.token(1_000 + first)
  timeline.token(1_000 + first + took)
  return { timeline, tokens: 11, usage: undefined } as unknown as Exchange
}

it('has the medians of the last 20 answers of each model', () => {
  const speeds = new RecentSpeeds()
  speeds.add(answered('gpu', 'm', 9_999, 9_999))
  for (let count = 1; count <= 20; count++)
    speeds.add(answered('gpu', 'm', count * 10, count * 100))
  speeds.add(answered('gpu', 'n', 50, 1_000))
  expect(speeds.of('gpu')).toEqual([
    { model: 'm', requests: 20, firstTokenMs: 105, rate: 9.5 },
    { model: 'n', requests: 1, firstTokenMs: 50, rate: 10 },
  ])
  expect(speeds.of('other')).toEqual([])
})

it('has no rate of answers that were too short to tell', () => {
  const speeds = new RecentSpeeds()
  speeds.add(answered('gpu', 'm', 5, 10))
  expect(speeds.of('gpu')).toEqual([{ model: 'm', requests: 1, firstTokenMs: 5 }])
})

it('is bounded, however many models clients name', () => {
  const speeds = new RecentSpeeds()
  for (let count = 0; count < 1_000; count++) speeds.add(answered('gpu', `m${count}`, 1, 1_000))
  expect(speeds.of('gpu')).toHaveLength(64)
  expect(speeds.of('gpu').at(-1)?.model).toBe('m999')
})

it('leaves out of a rate only the time that the client did not read between the tokens', () => {
  const { timeline, ...rest } = answered('gpu', 'm', 0, 0)
  timeline.firstTokenAt = 0
  timeline.waitForClient(500)
  timeline.waitForEngine(900)
  timeline.token(1_000)
  timeline.waitForClient(1_100)
  timeline.waitForEngine(1_300)
  timeline.token(2_200)
  timeline.waitForClient(2_300)
  const speeds = new RecentSpeeds()
  speeds.add({ ...rest, timeline } as unknown as Exchange)
  expect(speeds.of('gpu')[0]?.rate).toBe(10)
})
