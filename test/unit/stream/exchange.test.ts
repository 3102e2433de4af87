import { expect, it, vi } from 'vitest'
import { Exchange } from '../../../src/stream/exchange.ts'
import type { Outcome } from '../../../src/stream/outcome.ts'
import type { Tick } from '../../../src/stream/ticker.ts'

const LIMIT = 60_000
const limits = {
  answerTimeout: LIMIT,
  firstTokenTimeout: LIMIT,
  tokenTimeout: LIMIT,
  clientTimeout: LIMIT,
}

/** An exchange, what it told of its end, and its tick. */
function exchange() {
  const ended: (Outcome | undefined)[] = []
  let tick: Tick = () => undefined
  const made = new Exchange({
    client: new AbortController().signal,
    limits,
    ticker: {
      add(added) {
        tick = added
        return () => {}
      },
    },
    onEnd: ({ outcome }) => ended.push(outcome),
  })
  return { made, ended, tick: () => tick(performance.now()) }
}

const broken = () => {
  throw new Error('oh')
}

it('an end is told to all who wait for it, whatever one of them throws', () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { made, ended } = exchange()
  const stopped: Outcome[] = []
  made.slot = { release: broken }
  made.writer = {
    tick: () => undefined,
    stop: (outcome) => {
      stopped.push(outcome)
      broken()
    },
  }
  expect(() => made.cancel()).not.toThrow()
  expect(stopped).toEqual([{ kind: 'cancelled' }])
  expect(ended).toEqual([{ kind: 'cancelled' }])
  expect(told).toHaveBeenCalledTimes(2)
  told.mockRestore()
})

it('a tick that throws ends its own exchange, and not the timer', () => {
  const { made, ended, tick } = exchange()
  made.writer = { tick: broken, stop: () => {} }
  expect(tick).not.toThrow()
  expect(ended).toMatchObject([{ kind: 'failed', error: { code: 'internal_error' } }])
})
