/** The parts of a Grafana dashboard, with the defaults that all panels of ours share. */

/** One query of a panel. */
export interface Query {
  expr: string
  /** What a series is called: text with `{{label}}` in it. */
  legend: string
}

export interface Panel {
  title: string
  /** What it shows, and what to make of it. */
  description: string
  type: 'stat' | 'timeseries' | 'state-timeline' | 'heatmap'
  /** Of the 24 columns of a dashboard. */
  width: number
  queries: Query[]
  fieldConfig: object
  options: object
}

interface Look {
  title: string
  description: string
  /** A unit of Grafana's: `s`, `reqps`, `percentunit`, `short`. */
  unit: string
  width?: number
  decimals?: number
}

/** From which value on something has which color. */
export type Steps = { color: string; value: number | null }[]

/** Green, then yellow and red from these values on. */
export function upTo(yellow: number, red: number): Steps {
  return [
    { color: 'green', value: null },
    { color: 'yellow', value: yellow },
    { color: 'red', value: red },
  ]
}

/** One number. */
export function stat(look: Look, expr: string, steps: Steps, legend = ''): Panel {
  const { unit, decimals } = look
  return {
    ...common('stat', look, 3),
    queries: [{ expr, legend }],
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals !== undefined && { decimals }),
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps },
      },
      overrides: [],
    },
    options: {
      colorMode: 'value',
      graphMode: 'area',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: legend === '' ? 'value' : 'value_and_name',
    },
  }
}

/** Lines over time. */
export function lines(look: Look, queries: Query[], { isStacked = false } = {}): Panel {
  const stacking = { group: 'A', mode: isStacked ? 'normal' : 'none' }
  return {
    ...common('timeseries', look, 12),
    queries,
    fieldConfig: {
      defaults: {
        unit: look.unit,
        min: 0,
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineWidth: 1,
          fillOpacity: isStacked ? 30 : 5,
          showPoints: 'never',
          spanNulls: false,
          stacking,
        },
      },
      overrides: [],
    },
    options: {
      legend: {
        calcs: ['lastNotNull', 'max'],
        displayMode: 'table',
        placement: 'bottom',
        showLegend: true,
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  }
}

/** A band for each series, in the color and the word of its state. */
export function states(
  look: Omit<Look, 'unit'>,
  query: Query,
  words: Readonly<Record<string, { text: string; color: string }>>,
): Panel {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, word], index) => [value, { ...word, index }]),
  )
  return {
    ...common('state-timeline', { ...look, unit: 'short' }, 12),
    queries: [query],
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        custom: { fillOpacity: 70, lineWidth: 0 },
        mappings: [{ type: 'value', options }],
        thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] },
      },
      overrides: [],
    },
    options: {
      alignValue: 'left',
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: 'auto',
      tooltip: { mode: 'single', sort: 'none' },
    },
  }
}

/** How the values of a histogram are spread, over time. */
export function heatmap(look: Look, expr: string): Panel {
  return {
    ...common('heatmap', look, 12),
    queries: [{ expr, legend: '{{le}}' }],
    fieldConfig: {
      defaults: { custom: { scaleDistribution: { type: 'linear' } } },
      overrides: [],
    },
    options: {
      calculate: false,
      cellGap: 1,
      cellValues: { unit: 'reqps' },
      color: {
        mode: 'scheme',
        scheme: 'Blues',
        steps: 64,
        exponent: 0.5,
        fill: 'dark-blue',
        reverse: false,
      },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      // `show` before Grafana 10.3, `mode` since.
      tooltip: { show: true, mode: 'single', yHistogram: false },
      yAxis: { axisPlacement: 'left', reverse: false, unit: look.unit },
    },
  }
}

function common(type: Panel['type'], { title, description, width }: Look, usual: number) {
  return { type, title, description, width: width ?? usual }
}

/** The quantiles of a histogram: one query for each of them. `by`: the labels that tell its lines apart. */
export function quantiles(
  which: readonly number[],
  histogram: string,
  filter: string,
  by: string,
): Query[] {
  return which.map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${histogram}_bucket{${filter}}[$__rate_interval])))`,
    legend: `{{${by}}} p${quantile * 100}`,
  }))
}

/** How often a counter grows in a second. An empty label is shown as `none`. */
export function rate(counter: string, filter: string, by: string, none?: string): Query {
  const sum = `sum by (${by}) (rate(${counter}{${filter}}[$__rate_interval]))`
  const legend = by
    .split(', ')
    .map((label) => `{{${label}}}`)
    .join(' ')
  return { expr: none === undefined ? sum : named(sum, by.split(', ')[0] ?? '', none), legend }
}

/** The series without this label, which Grafana could not name, by a name. */
export function named(expr: string, label: string, none: string): string {
  return `label_replace(${expr}, "${label}", "${none}", "${label}", "")`
}
