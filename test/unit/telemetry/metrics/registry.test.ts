import { describe, expect, it } from 'vitest'
import { Histogram, Registry } from '../../../../src/telemetry/metrics/registry.ts'

const seriesOf = (registry: Registry, name: keyof Registry['counters']) =>
  [...registry.counters[name].series.values()].map(({ values, numbers }) => [
    values.join(' '),
    numbers[0],
  ])

describe('a counter', () => {
  it('counts each combination of labels by itself', () => {
    const registry = new Registry()
    registry.count('sluice_tokens_total', ['input', 'a', 'gpu', ''], 7)
    registry.count('sluice_tokens_total', ['input', 'a', 'gpu', ''], 5)
    registry.count('sluice_tokens_total', ['output', 'a', 'gpu', ''])
    expect(seriesOf(registry, 'sluice_tokens_total')).toEqual([
      ['input a gpu ', 12],
      ['output a gpu ', 1],
    ])
  })

  it('keeps apart what would be one text', () => {
    const registry = new Registry()
    registry.count('sluice_failovers_total', ['a b', 'c'])
    registry.count('sluice_failovers_total', ['a', 'b c'])
    expect(registry.counters.sluice_failovers_total.series.size).toBe(2)
  })

  it('beyond its most series counts under other, and keeps the labels that have few values', () => {
    const registry = new Registry({ counter: 3, histogram: 2 })
    for (let index = 0; index < 10; index++) {
      const outcome = index % 2 === 0 ? 'ok' : 'failed'
      registry.count('sluice_requests_total', ['/v1/x', `model-${index}`, 'gpu', 'ann', outcome])
    }
    expect(seriesOf(registry, 'sluice_requests_total')).toEqual([
      ['/v1/x model-0 gpu ann ok', 1],
      ['/v1/x model-1 gpu ann failed', 1],
      ['/v1/x model-2 gpu ann ok', 1],
      ['/v1/x other other other failed', 4],
      ['/v1/x other other other ok', 3],
    ])
    expect(seriesOf(registry, 'sluice_series_dropped_total')).toEqual([
      ['sluice_requests_total', 7],
    ])
    // What had a place before still has it.
    registry.count('sluice_requests_total', ['/v1/x', 'model-0', 'gpu', 'ann', 'ok'])
    expect(seriesOf(registry, 'sluice_requests_total')[0]).toEqual(['/v1/x model-0 gpu ann ok', 2])
  })

  it('has a bounded number of series, whatever its labels are', () => {
    const registry = new Registry()
    for (let index = 0; index < 50_000; index++) {
      const name = String(index)
      registry.count('sluice_requests_total', ['other', name, name, name, 'refused'])
      registry.histogram('sluice_token_gap_seconds', [name, name]).observe(1)
    }
    expect(registry.counters.sluice_requests_total.series.size).toBeLessThanOrEqual(1_001)
    expect(registry.histograms.sluice_token_gap_seconds.series.size).toBeLessThanOrEqual(201)
  })
})

describe('a histogram', () => {
  it('counts a value in the first bucket whose bound it does not exceed', () => {
    const histogram = new Histogram([0.1, 1, 10])
    for (const seconds of [0, 0.1, 0.1000001, 1, 9.9, 10, 10.1, 2_400, -0.001])
      histogram.observe(seconds)
    expect([...histogram.counts]).toEqual([3, 2, 2, 2])
    expect(histogram.sum[0]).toBeCloseTo(2_431.2000001)
  })

  it('goes on beyond 32 bits', () => {
    const histogram = new Histogram([1])
    histogram.counts[0] = 2 ** 32 - 1
    histogram.observe(0)
    expect(histogram.counts[0]).toBe(2 ** 32)
  })
})
