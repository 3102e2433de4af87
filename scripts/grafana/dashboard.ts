/** deploy/grafana/sluice.json: the dashboard in the form that Grafana imports. */
import type { Panel } from './panels.ts'
import { type Row, rows } from './rows.ts'

const DATASOURCE = { type: 'prometheus', uid: '$datasource' }
const COLUMNS = 24
const HEIGHTS: Readonly<Record<Panel['type'], number>> = {
  stat: 4,
  timeseries: 8,
  heatmap: 8,
  'state-timeline': 6,
}

/** The whole dashboard as text. */
export function dashboardText(): string {
  return `${JSON.stringify(dashboard(), undefined, 2)}\n`
}

function dashboard(): object {
  return {
    uid: 'sluice',
    title: 'sluice',
    description: 'Requests, latency, tokens, engines and clients of sluice.',
    tags: ['sluice'],
    schemaVersion: 38,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: { list: variables() },
    panels: placed(rows),
  }
}

/** All servers, engines and keys by default: also the requests that have none. */
function variables(): object[] {
  const some = 'instance=~"$instance"'
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      refresh: 1,
      multi: false,
      includeAll: false,
    },
    variable('instance', 'Server', 'label_values(sluice_build_info, instance)', '.*'),
    variable('engine', 'Engine', `label_values(sluice_engine_running{${some}}, engine)`, '.*'),
    // Requests that name no model are no work of an engine: those for /metrics are among them.
    variable('model', 'Model', `label_values(sluice_requests_total{${some}}, model)`, '.+'),
    variable('key', 'Key', `label_values(sluice_requests_total{${some}}, key)`, '.*'),
  ]
}

function variable(name: string, label: string, definition: string, allValue: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition,
    query: { query: definition, refId: `variable-${name}` },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue,
    current: { selected: true, text: ['All'], value: ['$__all'] },
  }
}

/** The panels where they are on the page: from left to right, one row of them below the other. */
function placed(rows: readonly Row[]): object[] {
  const all: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    all.push({
      id: all.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
      panels: [],
    })
    let x = 0
    let height = 0
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) {
        x = 0
        y += height
      }
      height = HEIGHTS[panel.type]
      const gridPos = { x, y, w: panel.width, h: height }
      all.push(panelAt(panel, all.length + 1, gridPos))
      x += panel.width
    }
    y += height
  }
  return all
}

function panelAt({ queries, width, ...panel }: Panel, id: number, gridPos: object): object {
  const format = panel.type === 'heatmap' ? 'heatmap' : 'time_series'
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend === '' ? '__auto' : legend,
    format,
    range: true,
  }))
  return { id, gridPos, datasource: DATASOURCE, ...panel, targets }
}
