import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { metricsPage } from '../../../../scripts/metrics-page.ts'
import { descriptions, labelTexts } from '../../../../src/telemetry/metrics/descriptions.ts'
import { metricsType, writeMetrics } from '../../../../src/telemetry/metrics/exposition.ts'
import { counters, histograms } from '../../../../src/telemetry/metrics/families.ts'
import { type Gauges, gaugesOf } from '../../../../src/telemetry/metrics/gauges.ts'
import { Registry } from '../../../../src/telemetry/metrics/registry.ts'
import type { EngineView, Sources } from '../../../../src/telemetry/sources.ts'
import { readOpenMetrics, readText } from '../../../support/metrics.ts'

const PLAIN = metricsType('text/plain')
const OPEN = metricsType('application/openmetrics-text')

const engine = (
  label: string,
  state: EngineView['state'],
  fields: Partial<EngineView> = {},
): EngineView => {
  return { label, state, breaker: 'closed', running: 0, models: [], loaded: [], ...fields }
}

function gauges(
  engines: EngineView[],
  stored?: number,
  state?: ReturnType<Sources['state']>,
): Gauges {
  const sources = {
    engines: () => engines,
    queue: () => ({ waiting: 2, limit: 100 }),
    running: () => 0,
    stored: () => stored,
    streams: () => 0,
    tabs: () => ({ free: 1 }),
    state: () => state,
    isServed: () => true,
  } as unknown as Sources
  return gaugesOf(sources, 4, 'node 24.1.0')
}

describe('the text', () => {
  const registry = new Registry()
  registry.count('sluice_requests_total', ['/v1/x', 'a"b\\c\nd', 'gpu', '', 'ok'], 3)
  registry.histogram('sluice_token_gap_seconds', ['m', 'gpu']).observe(0.004)
  registry.histogram('sluice_token_gap_seconds', ['m', 'gpu']).observe(400)
  const values = gauges(
    [
      engine('gpu', 'up', { running: 1, maxConcurrency: 4 }),
      engine('cpu', 'open', { breaker: 'open', error: 'refused' }),
      engine('new', 'unknown'),
    ],
    3,
  )

  it('escapes what a label must not hold', () => {
    const text = writeMetrics(registry, values, PLAIN)
    expect(text).toContain(
      'sluice_requests_total{api="/v1/x",model="a\\"b\\\\c\\nd",engine="gpu",key="",outcome="ok"} 3\n',
    )
    const [first] = readText(text)
    expect(first?.labels.model).toBe('a"b\\c\nd')
  })

  it('has the same values in both formats', () => {
    const plain = readText(writeMetrics(registry, values, PLAIN))
    const open = readOpenMetrics(writeMetrics(registry, values, OPEN))
    expect(open).toEqual(plain)
    expect(plain.length).toBeGreaterThan(30)
  })

  it('names types and units as each format does', () => {
    const plain = writeMetrics(registry, values, PLAIN)
    const open = writeMetrics(registry, values, OPEN)
    expect(plain).toContain('# TYPE sluice_requests_total counter\n')
    expect(plain).not.toContain('# UNIT')
    expect(plain).not.toContain('# EOF')
    expect(open).toContain('# TYPE sluice_requests counter\n')
    expect(open).toContain('# UNIT sluice_token_gap_seconds seconds\n')
    expect(open).toContain('# TYPE sluice_build info\n')
    expect(open).toContain('sluice_build_info{')
  })

  it('adds up the buckets of a histogram', () => {
    const text = writeMetrics(registry, values, PLAIN)
    const line = (le: string) =>
      `sluice_token_gap_seconds_bucket{model="m",engine="gpu",le="${le}"}`
    expect(text).toContain(`${line('0.002')} 0\n`)
    expect(text).toContain(`${line('0.005')} 1\n`)
    expect(text).toContain(`${line('300.0')} 1\n`)
    expect(text).toContain(`${line('+Inf')} 2\n`)
    expect(text).toContain('sluice_token_gap_seconds_sum{model="m",engine="gpu"} 400.004\n')
  })

  it('says of the engines what is known, and no more', () => {
    const text = writeMetrics(registry, values, PLAIN)
    expect(text).toContain('sluice_engine_up{engine="gpu"} 1\n')
    expect(text).toContain('sluice_engine_up{engine="cpu"} 0\n')
    expect(text).not.toContain('sluice_engine_up{engine="new"}')
    expect(text).toContain('sluice_engine_limit{engine="gpu"} 4\n')
    expect(text).not.toContain('sluice_engine_limit{engine="cpu"}')
    expect(text).toContain('sluice_breaker_state{engine="cpu",state="open"} 1\n')
    expect(text).toContain('sluice_breaker_state{engine="cpu",state="closed"} 0\n')
    expect(text).toContain('sluice_stored_responses 3\n')
    const none = writeMetrics(registry, gauges([]), PLAIN)
    expect(none).not.toMatch(/^sluice_(stored_responses|state_up|state_instances)/m)
    const away = { status: 'away', instances: 3 } as const
    const shared = writeMetrics(registry, gauges([], 0, away), PLAIN)
    expect(shared).toMatch(/^sluice_state_up 0$/m)
    expect(shared).toMatch(/^sluice_state_instances 3$/m)
  })
})

it.each([
  [null, false],
  ['', false],
  ['*/*', false],
  ['text/html, */*;q=0.1', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  // As Prometheus 2.42 and 3 ask.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    true,
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.1',
    true,
  ],
  ['application/openmetrics-text;version=0.0.1', false],
  ['text/plain, application/openmetrics-text;q=0.9', false],
  ['application/openmetrics-text;q=0', false],
  ['application/openmetrics-text;q=x', false],
])('Accept: %s', (accept, isOpenMetrics) => {
  expect(metricsType(accept).isOpenMetrics).toBe(isOpenMetrics)
})

it('is described by docs/metrics.md: node scripts/metrics.mjs writes it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8')
  expect(metricsPage(page) === page).toBe(true)
  for (const name of Object.keys(descriptions)) expect(page).toContain(`\`${name}\``)
})

it('describes every label', () => {
  const labels = [
    ...Object.values(counters).flat(),
    ...Object.values(histograms).flatMap(({ labels }) => labels),
  ]
  for (const label of labels) expect(labelTexts[label], label).toBeDefined()
})

it('reads a version in quotes', () => {
  const accept = 'application/openmetrics-text; version="1.0.0"; q="0.5", text/plain; q=0.4'
  expect(metricsType(accept)).toBe(OPEN)
})
