import { expect, it } from 'vitest'
import { SAMPLERS, samplerOf } from '../../../../src/telemetry/traces/sampler.ts'

const id = () => crypto.randomUUID().replaceAll('-', '')
const sampled = { traceId: id(), spanId: 'b7ad6b7169203331', traceFlags: 1 }
const unsampled = { ...sampled, traceFlags: 0 }

it('records as each of the samplers says', () => {
  const decisions = SAMPLERS.map((name) => {
    const sample = samplerOf(name, 0)
    return [name, sample(id(), undefined), sample(id(), sampled), sample(id(), unsampled)]
  })
  expect(decisions).toEqual([
    ['parentbased_always_on', true, true, false],
    ['parentbased_always_off', false, true, false],
    ['parentbased_traceidratio', false, true, false],
    ['always_on', true, true, true],
    ['always_off', false, false, false],
    ['traceidratio', false, false, false],
  ])
})

it('records the share of traces that is asked for, the same ones everywhere', () => {
  const ids = Array.from({ length: 2_000 }, id)
  const share = (ratio: number) =>
    ids.filter((each) => samplerOf('traceidratio', ratio)(each, undefined))
  expect(share(0)).toEqual([])
  expect(share(1)).toEqual(ids)
  expect(share(0.25).length).toBeGreaterThan(380)
  expect(share(0.25).length).toBeLessThan(620)
  const more = new Set(share(0.5))
  expect(share(0.25).every((each) => more.has(each))).toBe(true)
})

it('keeps those that OpenTelemetry’s consistent probability sampling keeps: R >= 2^56 * (1 - share)', () => {
  const sample = samplerOf('traceidratio', 0.25)
  const ending = (random: string) => sample(`0af7651916cd43dd84${random}`, undefined)
  expect(ending('c0000000000000')).toBe(true)
  expect(ending('ffffffffffffff')).toBe(true)
  expect(ending('bfffffffffffff')).toBe(false)
  expect(ending('00000000000000')).toBe(false)
})
