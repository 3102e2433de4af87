import { describe, expect, it } from 'vitest'
import { Lifecycle, MAX_FAILURES, STABLE_AFTER } from '../../../../src/engines/managed/lifecycle.ts'

/** One that has become ready at 100. */
function ready(): Lifecycle {
  const life = new Lifecycle()
  life.enter('waiting', 0)
  life.enter('starting', 0)
  life.enter('ready', 100)
  return life
}

function failTimes(times: number): { life: Lifecycle; waits: number[] } {
  const life = new Lifecycle()
  const waits: number[] = []
  for (let time = 0; time < times; time++) {
    life.enter('waiting', 0)
    life.enter('starting', 0)
    life.fail(0)
    waits.push(life.untilRetry(0))
  }
  return { life, waits }
}

describe('the states of a server', () => {
  it('refuse what cannot follow', () => {
    const life = new Lifecycle()
    expect(() => life.enter('ready', 0)).toThrow('a server that is stopped cannot become ready')
    life.enter('waiting', 0)
    expect(() => life.enter('waiting', 0)).toThrow()
    expect(() => ready().enter('stopped', 0)).toThrow()
  })

  it('wait twice as long after each failure, at most a minute', () => {
    const { waits } = failTimes(8)
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  it('give up for a while after some failures in a row, and never for good', () => {
    const { life } = failTimes(MAX_FAILURES)
    expect(failTimes(MAX_FAILURES - 1).life.hasGivenUp(0)).toBe(false)
    expect(life.hasGivenUp(0)).toBe(true)
    expect(life.hasGivenUp(4_000)).toBe(false)
    expect(life.untilRetry(4_000)).toBe(0)
  })

  it('start again at once after a crash of one that had been ready for long', () => {
    const life = ready()
    life.fail(100 + STABLE_AFTER)
    expect(life).toMatchObject({ state: 'failed', failures: 1 })
    expect(life.untilRetry(100 + STABLE_AFTER)).toBe(0)
    const early = ready()
    early.fail(100 + STABLE_AFTER - 1)
    expect(early.untilRetry(100 + STABLE_AFTER - 1)).toBe(1_000)
  })

  it('forget failures when it was stopped', () => {
    const { life } = failTimes(2)
    life.enter('waiting', 0)
    life.enter('stopped', 0)
    expect(life.failures).toBe(0)
  })
})
