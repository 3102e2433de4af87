import { describe, expect, it } from 'vitest'
import { Outages } from '../../../../src/state/redis/outages.ts'

function start() {
  let now = 0
  const outages = new Outages(() => now)
  return {
    outages,
    pass(ms: number) {
      now += ms
    },
  }
}

describe('an outage', () => {
  it('is known for as long as owners may come back', () => {
    const { outages, pass } = start()
    outages.note('timeout')
    pass(1_000)
    outages.note('ok')
    expect(outages.mayHaveMissedRenewals).toBe(true)
    pass(12_000)
    expect(outages.mayHaveMissedRenewals).toBe(false)
  })

  it('does not end with calls that failed as their connection was closed', () => {
    const { outages, pass } = start()
    outages.note('timeout')
    outages.note('error')
    pass(900)
    outages.note('away')
    outages.note('error')
    pass(900)
    outages.note('ok')
    expect(outages.mayHaveMissedRenewals).toBe(true)
  })

  it('is none where single calls fail', () => {
    const { outages, pass } = start()
    outages.note('timeout')
    pass(500)
    outages.note('ok')
    outages.note('error')
    pass(2_000)
    outages.note('ok')
    expect(outages.mayHaveMissedRenewals).toBe(false)
  })
})
