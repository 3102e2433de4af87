/** The tables of metrics and labels in docs/metrics.md. */
import { descriptions, gauges, labelTexts } from '../src/telemetry/metrics/descriptions.ts'
import { counters, histograms } from '../src/telemetry/metrics/families.ts'

const BEGIN = '<!-- begin: scripts/metrics.mjs -->\n'
const END = '<!-- end: scripts/metrics.mjs -->'

/** The page with its tables written anew. */
export function metricsPage(page: string): string {
  const begin = page.indexOf(BEGIN) + BEGIN.length
  return `${page.slice(0, begin)}\n${tables()}\n${page.slice(page.lastIndexOf(END))}`
}

function tables(): string {
  const rows = [
    ...Object.entries(counters).map(([name, labels]) => row(name, 'counter', labels)),
    ...Object.entries(histograms).map(([name, { labels }]) => row(name, 'histogram', labels)),
    ...Object.entries(gauges).map(([name, labels]) => row(name, 'gauge', labels)),
  ]
  const labels = Object.entries(labelTexts).map(([name, text]) => `| \`${name}\` | ${text} |`)
  const buckets = Object.entries(histograms).map(([name, { buckets }]) => {
    return `| \`${name}\` | ${buckets.join(', ')} |`
  })
  return [
    table('name | type | labels | what it is', rows),
    '## Labels\n',
    table('label | values', labels),
    '## Buckets\n',
    'The upper bounds in seconds. In both formats a whole number is written with a decimal point: `le="10.0"`.\n',
    table('histogram | bounds', buckets),
  ].join('\n')
}

function row(name: string, kind: string, labels: readonly string[]): string {
  const named = labels.map((label) => `\`${label}\``).join(', ') || '–'
  return `| \`${name}\` | ${kind} | ${named} | ${descriptions[name as keyof typeof descriptions]} |`
}

function table(head: string, rows: readonly string[]): string {
  const columns = head.split(' | ').map(() => '---')
  return `| ${head} |\n|${columns.join('|')}|\n${rows.join('\n')}\n`
}
