import { describe, expect, it } from 'vitest'
import { addValue, emptyHistogram, type Histogram } from '../../soak/histogram.ts'
import type { PhaseFigures } from '../../soak/messages.ts'
import { seeded } from '../../soak/random.ts'
import { Recorder } from '../../soak/record.ts'
import { type Ends, rowsOf } from '../../soak/verdict.ts'

const MIB = 2 ** 20

function histogramOf(value: number, count = 2_000): Histogram {
  const histogram = emptyHistogram()
  for (let at = 0; at < count; at++) addValue(histogram, value)
  return histogram
}

function phaseOf(gap: number): PhaseFigures {
  const [gaps, firstTokens, delays, lateness] = [gap, gap, gap, 1].map((each) => histogramOf(each))
  if (!gaps || !firstTokens || !delays || !lateness) throw new Error('There are four.')
  return { gaps, firstTokens, delays, lateness, tokens: 2_000, streams: 9, leftOut: 0 }
}

/** What was seen in a soak in which all went well. */
function seen(): { recorder: Recorder; ends: Ends } {
  const recorder = new Recorder()
  recorder.streams = 100
  for (const phase of [0, 1, 2, 3]) {
    recorder.take({ type: 'figures', phase, figures: phaseOf(phase % 2 === 0 ? 50_000 : 25_000) })
  }
  const held = { memory: 100 * MIB, descriptors: 20, running: 0, waiting: 0, engines: [] }
  const resting = { before: 1, after: 5 }
  const ends: Ends = {
    before: held,
    after: { ...held, descriptors: 24 },
    returnedAfter: 3,
    resting,
    complaint: undefined,
    isAlive: true,
  }
  return { recorder, ends }
}

function broken({ recorder, ends }: ReturnType<typeof seen>): string[] {
  const rows = rowsOf(recorder, ends, seeded(1, 'test'))
  return rows.filter(({ isBroken }) => isBroken).map(({ name }) => name)
}

describe('the verdict of a soak', () => {
  it('has nothing against one in which all went well', () => {
    expect(broken(seen())).toEqual([])
  })

  it('sees gaps that grew by more than three times', () => {
    const all = seen()
    all.recorder.take({ type: 'figures', phase: 2, figures: phaseOf(90_000) })
    all.recorder.take({ type: 'figures', phase: 0, figures: phaseOf(90_000) })
    expect(broken(all)).toEqual(['gap between tokens, p99', 'time to first token, p99'])
  })

  it('sees that nothing was measured', () => {
    const all = seen()
    all.recorder.figures.clear()
    all.recorder.streams = 0
    expect(broken(all)).toContain('gap between tokens, p90')
    expect(broken(all)).toContain('streams refused or wrong')
  })

  it('sees a stream that was refused', () => {
    const all = seen()
    const failure = { at: 1, kind: 'chat', key: 'good-1', id: 'x', status: 429, causes: ['429'] }
    all.recorder.take({ type: 'failure', failure })
    expect(broken(all)).toEqual(['streams refused or wrong'])
  })

  it('sees what an attacker must not get', () => {
    const all = seen()
    all.recorder.take({ type: 'violation', attack: 'model-access', text: 'It got "big".' })
    expect(broken(all)).toEqual(['answers that attackers must not get'])
  })

  it('sees aborted requests that the upstream keeps', () => {
    const all = seen()
    const stats = all.recorder.upstream
    all.recorder.take({ type: 'left', left: [['a', 1_000]] })
    all.recorder.take({ type: 'upstream', stats, closed: [['a', 500, 4_000]] })
    expect(broken(all)).toEqual(['upstream closes after a client left'])
  })

  it.each([
    ['memory, 3 s after', { memory: 300 * MIB }],
    ['descriptors, 3 s after', { descriptors: 60 }],
    ['counters, 3 s after', { running: 1 }],
    ['counters, 3 s after', { running: undefined }],
  ])('sees that something did not return: %s', (name, after) => {
    const all = seen()
    Object.assign(all.ends.after, after)
    expect(broken(all)).toEqual([name])
  })

  it('sees exceptions and the end of a process', () => {
    const { recorder, ends } = seen()
    recorder.internalErrors.push('{"code":"internal_error"}')
    expect(broken({ recorder, ends: { ...ends, isAlive: false, complaint: 'TypeError' } })).toEqual(
      ['internal errors in the log', 'exceptions on stderr', 'the server process'],
    )
  })
})
