import { describe, expect, it } from 'vitest'
import { Deadlines } from '../../../src/stream/deadlines.ts'

const limits = {
  answerTimeout: 1_000,
  firstTokenTimeout: 1_000,
  tokenTimeout: 1_000,
  clientTimeout: 500,
  loadTimeout: 3_000,
}

/** Deadlines of a phase that began at 0. */
function begun(given: Partial<typeof limits> = {}): Deadlines {
  const deadlines = new Deadlines({ ...limits, ...given })
  deadlines.enterPhase('answer', 0)
  return deadlines
}

describe('while an engine loads the model', () => {
  it('only the time for that runs, and the phase goes on with what it had left', () => {
    const deadlines = begun()
    deadlines.beginLoad(400)
    expect(deadlines.remaining(2_400)).toBe(1_000)
    expect(deadlines.overdue(2_400, 'gpu')).toBeUndefined()
    deadlines.endLoad(2_400)
    expect(deadlines.remaining(2_500)).toBe(500)
    expect(deadlines.overdue(3_000, 'gpu')).toMatchObject({ code: 'answer_timeout' })
  })

  it('several loads share the time', () => {
    const deadlines = begun()
    deadlines.beginLoad(0)
    deadlines.endLoad(2_000)
    deadlines.beginLoad(2_100)
    expect(deadlines.remaining(2_600)).toBe(500)
    expect(deadlines.overdue(3_100, 'gpu')).toMatchObject({
      ...{ status: 504, code: 'load_timeout' },
      message: expect.stringContaining('gpu did not load the model within 3 s'),
    })
  })

  it('a client that does not read is not waited for longer', () => {
    const deadlines = begun()
    deadlines.beginLoad(100)
    deadlines.waitForClient(200)
    expect(deadlines.overdue(700, 'gpu')).toBe('client')
    deadlines.waitForEngine(600)
    expect(deadlines.remaining(600)).toBe(2_500)
    deadlines.endLoad(700)
    // Of the phase, only the time before the load was used.
    expect(deadlines.remaining(700)).toBe(900)
  })

  it('a new phase ends it', () => {
    const deadlines = begun()
    deadlines.beginLoad(0)
    deadlines.enterPhase('first', 2_900)
    expect(deadlines.isLoading).toBe(false)
    expect(deadlines.remaining(3_000)).toBe(900)
    deadlines.beginLoad(3_000)
    expect(deadlines.remaining(3_000)).toBe(3_000)
  })

  it('has no limit where none is given', () => {
    const deadlines = new Deadlines({ ...limits, loadTimeout: undefined as never })
    deadlines.beginLoad(0)
    expect(deadlines.remaining(1e9)).toBe(Number.POSITIVE_INFINITY)
  })
})
