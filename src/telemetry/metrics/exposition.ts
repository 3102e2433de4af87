/**
 * Metrics as text, in the two formats that Prometheus reads: its own, 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), and OpenMetrics 1.0
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
 */
import { descriptions, type GaugeName, gauges } from './descriptions.ts'
import { type CounterName, counters, type HistogramName, histograms } from './families.ts'
import type { Gauges } from './gauges.ts'
import type { Histogram, LabelValues, Registry } from './registry.ts'

/** A format of the text. */
export interface MetricsType {
  contentType: string
  isOpenMetrics: boolean
}

const PLAIN: MetricsType = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  isOpenMetrics: false,
}

const OPEN: MetricsType = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  isOpenMetrics: true,
}

/** The format that a client prefers by its `Accept`; Prometheus's own where it does not say. */
export function metricsType(accept: string | null): MetricsType {
  let best = { type: PLAIN, weight: 0 }
  for (const range of (accept ?? '').split(',')) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const type = typeOf(media, parameterOf(parameters, 'version'))
    const weight = Number(parameterOf(parameters, 'q') ?? 1)
    if (type !== undefined && weight > best.weight) best = { type, weight }
  }
  return best.type
}

function typeOf(media: string, version: string | undefined): MetricsType | undefined {
  if (media === 'application/openmetrics-text')
    return version === undefined || version.startsWith('1.') ? OPEN : undefined
  return media === 'text/plain' || media === 'text/*' || media === '*/*' ? PLAIN : undefined
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  const value = parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
  return value?.replace(/^"(.*)"$/, '$1')
}

/** All metrics. One that has no value yet has its `# TYPE` and `# HELP` only. */
export function writeMetrics(
  registry: Registry,
  values: Gauges,
  { isOpenMetrics }: MetricsType,
): string {
  const lines: string[] = []
  for (const name of Object.keys(counters) as CounterName[]) {
    const { labels, series } = registry.counters[name]
    describe(lines, name, 'counter', isOpenMetrics)
    for (const { values, numbers } of series.values()) {
      lines.push(`${name}${labelText(labels, values)} ${numbers[0]}`)
    }
  }
  for (const name of Object.keys(histograms) as HistogramName[]) {
    const { labels, series } = registry.histograms[name]
    describe(lines, name, 'histogram', isOpenMetrics)
    for (const each of series.values()) writeHistogram(lines, name, labels, each)
  }
  for (const name of Object.keys(gauges) as GaugeName[]) {
    describe(lines, name, 'gauge', isOpenMetrics)
    for (const [given, value] of values[name]) {
      lines.push(`${name}${labelText(gauges[name], given)} ${value}`)
    }
  }
  if (isOpenMetrics) lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

/** OpenMetrics describes a counter, and what is always 1, by a name without its suffix. */
function describe(lines: string[], name: keyof typeof descriptions, kind: string, isOpen: boolean) {
  const isInfo = name.endsWith('_info')
  const shown = isOpen ? name.replace(/_(total|info)$/, '') : name
  lines.push(`# HELP ${shown} ${helpText(descriptions[name], isOpen)}`)
  lines.push(`# TYPE ${shown} ${isOpen && isInfo ? 'info' : kind}`)
  if (isOpen && shown.endsWith('_seconds')) lines.push(`# UNIT ${shown} seconds`)
}

function writeHistogram(
  lines: string[],
  name: string,
  labels: readonly string[],
  { values, numbers: { buckets, counts, sum } }: { values: LabelValues; numbers: Histogram },
): void {
  const text = labelText(labels, values)
  const before = text === '' ? '{' : `${text.slice(0, -1)},`
  let count = 0
  for (const [index, bound] of buckets.entries()) {
    count += counts[index] as number
    lines.push(`${name}_bucket${before}le="${boundText(bound)}"} ${count}`)
  }
  count += counts[buckets.length] as number
  lines.push(`${name}_bucket${before}le="+Inf"} ${count}`)
  lines.push(`${name}_sum${text} ${sum[0]}`, `${name}_count${text} ${count}`)
}

/** With a decimal point in both formats, so that a series has one name whichever is asked for. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function labelText(labels: readonly string[], values: LabelValues): string {
  if (labels.length === 0) return ''
  const pairs = labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`)
  return `{${pairs.join(',')}}`
}

const NEEDS_ESCAPE = /[\\"\n]/

function escaped(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** In a help text, only OpenMetrics escapes quotes. */
function helpText(text: string, isOpen: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return isOpen ? plain.replaceAll('"', '\\"') : plain
}
