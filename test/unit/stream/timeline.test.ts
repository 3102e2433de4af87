import { expect, it } from 'vitest'
import type { ExchangeObserver } from '../../../src/stream/observer.ts'
import { Timeline } from '../../../src/stream/timeline.ts'
import { STALL } from '../../../src/wire/activity/stall.ts'

it('counts no time of a pause for which the client had unread data', () => {
  const timeline = new Timeline()
  const gaps: (number | undefined)[] = []
  timeline.observers = [{ onToken: (gap) => gaps.push(gap) }]
  timeline.token(100)
  timeline.waitForClient(110)
  timeline.waitForClient(120)
  timeline.waitForEngine(510)
  timeline.token(530)
  timeline.token(535)
  expect(gaps).toEqual([undefined, 30, 5])
  expect(timeline.blockedMs(600)).toBe(400)
  expect(timeline).toMatchObject({ firstTokenAt: 100, lastTokenAt: 535, longestGap: 30, stalls: 0 })
})

it('counts a long pause as a stall, once it has ended', () => {
  const timeline = new Timeline()
  timeline.token(1)
  expect(timeline.gapUntil(1 + STALL)).toBe(STALL)
  expect(timeline.stalls).toBe(0)
  timeline.token(1 + STALL)
  expect(timeline.stalls).toBe(1)
})

it('adds up what was spent in the queue, also while it still waits', () => {
  const timeline = new Timeline()
  timeline.enterQueue(10)
  expect(timeline.queuedMs(15)).toBe(5)
  timeline.leaveQueue(30)
  timeline.enterQueue(100)
  expect(timeline.queuedMs(101)).toBe(21)
})

it('forgets the tokens of an attempt that failed, and tells of each attempt', () => {
  const timeline = new Timeline()
  const told: string[] = []
  const observer: ExchangeObserver = {
    onAttempt: ({ engine }) => told.push(`${engine} begins`),
    onAttemptFailed: ({ engine, failure }) => told.push(`${engine} failed: ${failure}`),
    onAnswer: () => told.push('answers'),
  }
  timeline.observers = [observer]
  timeline.attempt('a', 'm')
  timeline.token(5)
  timeline.attemptFailed('a upstream_unreachable', new Error('refused'))
  expect(timeline.firstTokenAt).toBe(0)
  timeline.attempt('b', 'n')
  timeline.begin(9)
  expect(told).toEqual(['a begins', 'a failed: a upstream_unreachable', 'b begins', 'answers'])
  expect(timeline).toMatchObject({ engine: 'b', model: 'n', begunAt: 9 })
})
