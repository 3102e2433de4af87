import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dashboardText } from '../../../../scripts/grafana/dashboard.ts'
import { root } from '../../../../scripts/hosts.mjs'
import { gauges } from '../../../../src/telemetry/metrics/descriptions.ts'
import { counters, histograms } from '../../../../src/telemetry/metrics/families.ts'
import { alerts, dashboard, deployed, scrapeExample, targets } from '../../../support/deploy.ts'

/** The labels of every series that a scrape has, by its name. */
const series = new Map<string, readonly string[]>([
  ...Object.entries({ ...counters, ...gauges }),
  ...Object.entries(histograms).flatMap(([name, { labels }]) => [
    [`${name}_bucket`, [...labels, 'le']] as const,
    [`${name}_sum`, labels] as const,
    [`${name}_count`, labels] as const,
  ]),
])

const expressions = [...targets, ...alerts].map(({ expr }) => expr)
const variables = dashboard.templating.list.flatMap(({ definition = '' }) => definition || [])

describe.each([...expressions, ...variables])('%s', (expression) => {
  it('asks for series that there are, by labels that they have', () => {
    const asked = [...expression.matchAll(/\b(sluice_\w+)(?:\{([^}]*)\})?/g)]
    expect(asked.length + Number(expression.includes('up{'))).toBeGreaterThan(0)
    for (const [, name = '', selector = ''] of asked) {
      const labels = [...(series.get(name) ?? []), 'instance', 'job']
      expect([...series.keys()], `There is no series ${name}.`).toContain(name)
      for (const [, label] of selector.matchAll(/(\w+)[=!]~?"/g)) expect(labels).toContain(label)
    }
  })
})

it('the dashboard shows every metric', () => {
  const missing = [...series.keys()].filter(
    (name) => !/_(sum|count)$/.test(name) && !expressions.some((text) => text.includes(name)),
  )
  expect(missing).toEqual([])
})

it('the guides name no metric that there is not', () => {
  const files = ['README.md', 'SECURITY.md', 'deploy/README.md', 'CONTRIBUTING.md']
  files.push(...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`))
  const known = new Set([...series.keys(), ...Object.keys(histograms)])
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [name] of text.matchAll(/\bsluice_[a-z_]+_[a-z]+\b/g))
      expect(known, file).toContain(name)
  }
})

it('deploy/grafana/sluice.json is what node scripts/grafana.mjs writes', () => {
  expect(deployed('grafana/sluice.json') === dashboardText()).toBe(true)
})

describe('the dashboard', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')

  it('has panels that say what they show, with a unit and the data source of its variable', () => {
    for (const { title, type, description, fieldConfig, datasource, targets = [] } of panels) {
      expect(title).toMatch(/^[A-Z]/)
      expect(description, title).toMatch(/^\w.*\.$/)
      expect(targets.length, title).toBeGreaterThan(0)
      expect(datasource?.uid, title).toBe('$datasource')
      if (type === 'stat' || type === 'timeseries')
        expect(fieldConfig?.defaults.unit, title).toMatch(/^(short|s|reqps|cps|percentunit)$/)
    }
  })

  it('has panels beside and below each other, none over another', () => {
    const taken = new Set<string>()
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false)
          taken.add(`${x},${y}`)
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })

  it('uses each of its variables, and no other', () => {
    const used = new Set(expressions.flatMap((text) => text.match(/\$\w+/g) ?? []))
    used.delete('$__rate_interval')
    used.add('$datasource')
    expect([...used].sort()).toEqual(dashboard.templating.list.map(({ name }) => `$${name}`).sort())
  })
})

describe('the alert rules', () => {
  it.each(alerts)('$alert waits, has a severity, and says what to do', (rule) => {
    expect(rule.alert).toMatch(/^Sluice[A-Z]\w+$/)
    expect(rule.for).toMatch(/^\d+m$/)
    expect(rule.labels.severity).toMatch(/^(critical|warning|info)$/)
    expect(rule.annotations.summary).toMatch(/\S/)
    expect(rule.annotations.description).toMatch(/^\S.{80,}\.$/)
  })

  it('are named once each, and loaded by the example', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    expect(scrapeExample.rule_files).toEqual(['alerts.yml'])
  })

  it('are those that deploy/README.md lists', () => {
    const listed = [...deployed('README.md').matchAll(/^\| `(Sluice\w+)` \| (\w+) \|/gm)]
    expect(listed.map(([, name, severity]) => [name, severity])).toEqual(
      alerts.map(({ alert, labels }) => [alert, labels.severity]),
    )
  })
})
