// What deploy/ holds for operators, as tests read it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
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

/** What the tests read of a service in the compose file. */
export interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  command: string[]
  environment?: Record<string, string>
  volumes?: string[]
  configs?: { source: string; target: string }[]
  depends_on?: string[]
  stop_grace_period?: string
  ports?: string[]
}

/** The compose file, with this as the password of Redis. */
export function composeFile(password: string) {
  const text = deployed('compose/compose.yaml')
  // As Docker Compose substitutes them: with the text after `:?` as the error where it is not set.
  const given = text.replaceAll(/\$\{REDIS_PASSWORD:\?[^}]+\}/g, password)
  return parse(given, { merge: true }) as {
    services: Record<string, Service>
    configs: Record<string, { content: string }>
    volumes: Record<string, unknown>
  }
}

/** The names of those that run sluice. */
export const sluices = ['sluice-1', 'sluice-2', 'sluice-3']

/** The documents of the Kubernetes manifest, by their kind. */
export function kubernetesManifest(): Record<string, KubernetesObject> {
  const documents = parseAllDocuments(deployed('kubernetes/sluice.yaml'))
  const objects = documents.map((document) => document.toJS() as KubernetesObject)
  return Object.fromEntries(objects.map((object) => [object.kind, object]))
}

export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  stringData?: Record<string, string>
  // Each kind has its own.
  spec: unknown
}
