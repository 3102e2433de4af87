import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { alerts } from '../support/deploy.ts'
import { type AlertCase, cases } from './alert-cases.ts'
import { programOf } from './prometheus.ts'

const rules = join(root, 'deploy/prometheus/alerts.yml')

function promtool(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(programOf('promtool'), args, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** promtool judges the rules, and plays series against them. */
describe('the alert rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-alerts-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are valid: promtool check rules', () => {
    const { status, output } = promtool('check', 'rules', rules)
    expect({ status, output }).toMatchObject({ status: 0 })
    expect(output).toContain(`SUCCESS: ${alerts.length} rules found`)
  })

  it('are loaded by the example, with a key in a file: promtool check config', () => {
    const copy = join(folder, 'prometheus')
    cpSync(join(root, 'deploy/prometheus'), copy, { recursive: true })
    writeFileSync(join(copy, 'sluice.key'), 'the key\n')
    const { status, output } = promtool('check', 'config', join(copy, 'prometheus.yml'))
    expect({ status, output }).toMatchObject({ status: 0 })
    expect(output).toContain('1 rule files found')
  })

  it('have a case each, which fires', () => {
    expect(new Set(cases.map(({ alert }) => alert))).toEqual(
      new Set(alerts.map(({ alert }) => alert)),
    )
  })

  it.each(cases.map((each, index) => ({ ...each, index })))(
    '$alert fires when it has to, no earlier, and not otherwise: case $index',
    (given) => {
      const file = join(folder, `case-${given.index}.json`)
      writeFileSync(file, JSON.stringify(unitTest(given)))
      const { status, output } = promtool('test', 'rules', file)
      expect({ status, output }).toMatchObject({ status: 0 })
    },
  )
})

/** A file of `promtool test rules`; JSON is YAML, too. */
function unitTest({ alert, fires, labels, quiet }: AlertCase): object {
  const rule = alerts.find((each) => each.alert === alert)
  const expr = `ALERTS{alertname="${alert}",alertstate="firing"}`
  const all = {
    ...{ alertname: alert, alertstate: 'firing', severity: rule?.labels.severity },
    ...labels,
  }
  const pairs = Object.entries(all).map(([name, value]) => `${name}="${value}"`)
  const firing = [{ labels: `ALERTS{${pairs.join(',')}}`, value: 1 }]
  const at = (eval_time: string, exp_samples: object[] = []) => ({ expr, eval_time, exp_samples })
  const series = (given: Record<string, string>) =>
    Object.entries(given).map(([name, values]) => ({ series: name, values: spelledOut(values) }))
  const test = (given: Record<string, string>, promql_expr_test: object[]) => ({
    ...{ interval: '30s', input_series: series(given), promql_expr_test },
  })
  return {
    rule_files: [rules],
    evaluation_interval: '30s',
    tests: [
      // Not while its `for` is not over.
      test(fires, [at('1m'), at(rule?.for === '10m' ? '9m' : '90s'), at('14m', firing)]),
      test(
        quiet,
        Array.from({ length: 20 }, (_, minute) => at(`${minute}m`)),
      ),
    ],
  }
}

/** `7x120` as promtool before 2.43 wants it. */
function spelledOut(values: string): string {
  return values.replaceAll(/(?<![+\d])(\d+)x(\d+)/g, '$1+0x$2')
}
