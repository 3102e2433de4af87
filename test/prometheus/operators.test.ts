import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { alerts, dashboard, scrapeExample, targets, type Variable } from '../support/deploy.ts'
import type { Server } from '../support/server.ts'
import { type Mixed, startMixed } from './mixed-traffic.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'

/** What Grafana puts in the place of its own variable. */
const RATE_INTERVAL = '1m'

/** A real Prometheus, set up as deploy/ says, and a real sluice with traffic of all kinds. */
describe('what deploy/ has for operators', () => {
  let mixed: Mixed
  let prometheus: Prometheus
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-operators-'))
    mixed = await startMixed()
    prometheus = await startPrometheus(await example([mixed.server, mixed.alone], folder))
    await mixed.send()
    // A rate needs a value before, and one after it has grown.
    await prometheus.until('count_over_time(up[1m]) >= 3', (found) => found.length === 2)
    await mixed.send()
    const seen = 'sum(sluice_stalls_total) and sum(sluice_engine_stop_seconds_count) > 1'
    await prometheus.until(seen, (found) => found.length === 1)
    const twice = 'sum(changes(sluice_engine_stop_seconds_count[1m])) > 0'
    await prometheus.until(twice, (found) => found.length === 1)
  }, 120_000)
  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]()
    await mixed?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('lets Prometheus read sluice, by the example and its key', async () => {
    await prometheus.until('up{job="sluice"} == 1', (found) => found.length === 2)
    const up = { health: 'up', lastError: '' }
    expect(await prometheus.targets()).toMatchObject([up, up])
  })

  it.each(targets)('answers the query of $name', async ({ expr, legendFormat }) => {
    const query = withValues(expr, (variable) => variable.allValue ?? '')
    const found = await prometheus.until(query, (series) => series.some(hasValue), 8_000)
    expect(found.filter(hasValue).length, query).toBeGreaterThan(0)
    // A label that the query has lost would be missing in each name.
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      for (const { labels } of found) expect(labels[label], `${label} of ${query}`).toBeTruthy()
  })

  it('answers each of them for chosen servers, engines, models and keys', async () => {
    const chosen: Record<string, string> = {
      instance: `127\\\\.0\\\\.0\\\\.1:(${mixed.server.port}|${mixed.alone.port})`,
      engine: '(gpu|backup)',
      model: 'm',
      key: '(root|slow)',
    }
    const empty: string[] = []
    for (const { name, expr } of targets) {
      const found = await prometheus.query(withValues(expr, (variable) => chosen[variable.name]))
      if (found.length === 0) empty.push(name)
    }
    expect(empty).toEqual([])
  })

  it.each(dashboard.templating.list.filter(({ type }) => type === 'query'))(
    'offers values of the variable $name',
    async ({ name, definition = '' }) => {
      const asked = withValues(definition, (variable) => variable.allValue ?? '')
      const [, series = '', label] = /^label_values\((.*), (\w+)\)$/.exec(asked) ?? []
      const path = `label/${label}/values?match[]=${encodeURIComponent(series)}`
      const expected: Record<string, string[]> = {
        instance: [mixed.server, mixed.alone].map(({ port }) => `127.0.0.1:${port}`).sort(),
        engine: ['backup', 'gone', 'gpu', 'static'],
        model: ['m', 'other', 'shared'],
        key: ['prom', 'root', 'slow', 'tab'],
      }
      // A tab that was there for a moment may have been seen.
      const values = ((await prometheus.ask(path)) as string[]).filter(
        (each) => !/^tab\//.test(each),
      )
      expect(values).toEqual(expected[name])
    },
  )

  it('has rules that a real Prometheus evaluates without an error', async () => {
    const { groups } = (await prometheus.ask('rules')) as { groups: { rules: Evaluated[] }[] }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.map(({ name, health, lastError }) => ({ name, health, lastError }))).toEqual(
      alerts.map(({ alert }) => ({ name: alert, health: 'ok', lastError: undefined })),
    )
  })

  it('sees that an engine is down, and says so in words', async () => {
    await prometheus.until('ALERTS{alertname="SluiceEngineDown"}', (found) => found.length > 0)
    const { alerts: active } = (await prometheus.ask('alerts')) as { alerts: Active[] }
    const [down, ...others] = active.filter(({ labels }) => labels.alertname === 'SluiceEngineDown')
    expect(others).toEqual([])
    expect(down?.labels).toMatchObject({ engine: 'gone', severity: 'warning' })
    expect(down?.annotations.summary).toBe('Engine gone is down')
    expect(down?.annotations.description).toContain(`127.0.0.1:${mixed.server.port}`)
    const names = active.map(({ labels }) => labels.alertname)
    for (const absent of ['SluiceMetricsMissing', 'SluiceDown', 'SluiceNoEngine'])
      expect(names).not.toContain(absent)
  })
})

interface Evaluated {
  name: string
  health: string
  lastError?: string
}

interface Active {
  labels: Record<string, string>
  annotations: { summary: string; description: string }
}

/** The example of deploy/ with the addresses of these servers, a key in a file, and short intervals. */
async function example(servers: Server[], folder: string): Promise<object> {
  const key = join(folder, 'sluice.key')
  await writeFile(key, 'prom-key\n')
  const rule_files = scrapeExample.rule_files.map((name) => join(root, 'deploy/prometheus', name))
  const scrape_configs = scrapeExample.scrape_configs.map((config) => ({
    ...config,
    authorization: { ...config.authorization, credentials_file: key },
    static_configs: [{ targets: servers.map(({ port }) => `127.0.0.1:${port}`) }],
  }))
  return { rule_files, scrape_configs }
}

function withValues(text: string, choose: (variable: Variable) => string | undefined): string {
  const interval = text.replaceAll('$__rate_interval', RATE_INTERVAL)
  return dashboard.templating.list.reduce((query, variable) => {
    return query.replaceAll(`$${variable.name}`, () => choose(variable) ?? '')
  }, interval)
}

function hasValue({ value }: { value: number }): boolean {
  return !Number.isNaN(value)
}
