// What deploy/ holds for operators, as tests read it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../../scripts/hosts.mjs'

export interface Target {
  refId: string
  expr: string
  legendFormat: string
}

export interface DashboardPanel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  datasource?: { uid: string }
  fieldConfig?: { defaults: { unit?: string } }
  targets?: Target[]
}

export interface Variable {
  name: string
  type: string
  definition?: string
  allValue?: string
}

interface Dashboard {
  panels: DashboardPanel[]
  templating: { list: Variable[] }
}

export interface AlertRule {
  alert: string
  expr: string
  for: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}

export function deployed(path: string): string {
  return readFileSync(join(root, 'deploy', path), 'utf8')
}

export const dashboard: Dashboard = JSON.parse(deployed('grafana/sluice.json'))

/** Every query of the dashboard, with where it is. */
export const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ name: `${title} ${target.refId}`, ...target })),
)

export const alerts: AlertRule[] = parse(deployed('prometheus/alerts.yml')).groups.flatMap(
  ({ rules }: { rules: AlertRule[] }) => rules,
)

/** The example of Prometheus's configuration. */
export const scrapeExample: {
  rule_files: string[]
  scrape_configs: { job_name: string; authorization: { credentials_file: string } }[]
} = parse(deployed('prometheus/prometheus.yml'))
