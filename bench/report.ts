/** The figures as Markdown tables. */
import type { Candidate } from './candidate.ts'
import { candidates } from './candidates.ts'
import { TOLERABLE } from './disturbance.ts'
import { growthTables } from './growth.ts'
import { early } from './measure/early.ts'
import { streamCounts } from './measure/memory.ts'
import { neighbourSizes } from './measure/neighbour.ts'
import { paceName, paces } from './measure/paced.ts'
import type { Samples } from './samples.ts'
import { number, spread, table, times } from './table.ts'

interface Column {
  title: string
  figure: string
  /** The figure of `direct` that is subtracted. */
  base?: string
  /** Divides the figure for showing. */
  unit?: number
  /** Whether it is a cost of each chunk. */
  perChunk?: boolean
  /** Whether it is shown without ratios, because it is not a cost. */
  withoutRatio?: boolean
}

interface Section {
  title: string
  note: string
  columns: Column[]
}

const sections: Section[] = [
  {
    title: 'Added time to first token, µs',
    note: 'One request after the other on one connection. The p50 of `direct` in the same round is subtracted from both p50 and p99, so p99 shows how late the slowest of a hundred requests is, compared with the median without a proxy.',
    columns: [
      { title: 'p50', figure: 'ttft.p50', base: 'ttft.p50' },
      { title: 'p99', figure: 'ttft.p99', base: 'ttft.p50' },
    ],
  },
  ...paces.map((pace) => {
    const name = paceName(pace)
    return {
      title: `${pace.streams} streams of ${pace.rate} tokens/s`,
      note: 'Microseconds for each chunk: of processor time, and of time added between the upstream and the client (with the p50 of `direct` subtracted).',
      columns: [
        { title: 'CPU', figure: `${name}.cpu`, perChunk: true },
        { title: 'added p50', figure: `${name}.p50`, base: `${name}.p50`, perChunk: true },
        { title: 'added p99', figure: `${name}.p99`, base: `${name}.p50`, perChunk: true },
      ],
    }
  }),
  {
    title: 'Flood, million chunks/s',
    note: 'Four streams at the same time, as fast as back-pressure allows. Busy is the part of its core that the candidate used: near 1 the candidate was the bottleneck, well below 1 it was the load generator, which reaches the rate of `direct` without a proxy.',
    columns: [
      { title: 'chunks', figure: 'flood.rate', unit: 1e6 },
      { title: 'busy', figure: 'flood.busy', withoutRatio: true },
    ],
  },
  {
    title: 'Disconnect, ms',
    note: 'From the moment a client closes a quiet stream until the upstream sees its connection closed; ∞ means more than 5 s.',
    columns: [
      { title: 'p50', figure: 'hangup.p50' },
      { title: 'p99', figure: 'hangup.p99' },
    ],
  },
  {
    title: 'Latest token while a large request arrives, ms',
    note: 'Ten other streams of 100 tokens/s: how late the latest of their tokens is, with requests of so many MB; the lower quartile of the requests in a round. Without a proxy it is what the load generator itself takes.',
    columns: neighbourSizes.map((size) => ({
      title: `${size} MB`,
      figure: `neighbour.${size}`,
      unit: 1_000,
    })),
  },
  {
    title: 'Memory for each open stream, KiB',
    note: 'The growth of the resident memory with quiet streams, divided by their number. "At rest" is the whole process before that, in MiB.',
    columns: [
      ...streamCounts.map((count) => ({ title: String(count), figure: `memory-${count}.kib` })),
      { title: 'at rest', figure: 'memory.base', withoutRatio: true },
    ],
  },
  {
    title: 'Disturbance, % of a core',
    note: `The worst value of any measurement above in a round: the time that the host of a virtual machine gave to others, and the time that other processes used. A measurement with more than ${TOLERABLE} % of both together was repeated, at most twice, and the least disturbed one counts.`,
    columns: [
      { title: 'stolen by the host', figure: 'disturbed.stolen', withoutRatio: true },
      { title: 'others', figure: 'disturbed.others', withoutRatio: true },
    ],
  },
  {
    title: 'Cold start, ms',
    note: 'From starting the program to the first token of its first answer: the median of three starts in each round, which includes about 1 ms for `taskset`.',
    columns: [{ title: 'first token', figure: 'cold.first' }],
  },
  {
    title: 'First requests after the start, ms to the first token',
    note: 'One after the other, the first 2.5 s after the program listens. The 10th, 100th and 1,000th are medians of those around them.',
    columns: Object.keys(early).map((name) => {
      return { title: name, figure: `early.${name}`, unit: 1_000, withoutRatio: true }
    }),
  },
]

/** A table for everything that was measured. */
export function tables(samples: Samples, only: readonly string[]): string {
  const shown = candidates.filter(({ name }) => only.includes(name))
  const measured = sections.filter(({ columns }) =>
    columns.some(({ figure }) => samples.has(figure)),
  )
  return [
    ...measured.map((section) => sectionText(section, shown, samples)),
    ...(samples.has('inprocess.token') ? [inProcess(samples)] : []),
    ...growthTables(samples, shown),
    ...(samples.has('size.gzip') ? [size(samples)] : []),
  ].join('\n\n')
}

function sectionText({ title, note, columns }: Section, shown: Candidate[], samples: Samples) {
  const header = ['', ...columns.flatMap(headings)]
  const rows = shown
    .filter(({ name }) => columns.some(({ figure }) => !isEmpty(samples.series(name, figure))))
    .map((candidate) => [
      candidate.name + (fellBehind(candidate, columns, samples) ? ' *' : ''),
      ...columns.flatMap((column) => cells(column, candidate, samples)),
    ])
  const behind = rows.some(([name]) => name?.endsWith('*'))
    ? '\n\n\\* It was slower than the upstream, so its delays grew for as long as it was measured.'
    : ''
  const verdict = columns.some(({ figure }) => figure === 'flood.rate') ? saturation(samples) : ''
  return `## ${title}\n\n${note}${verdict}\n\n${table(header, rows)}${behind}`
}

/** Whether the load generator can send more than nginx can forward. */
function saturation(samples: Samples): string {
  const busy = samples.figure('nginx', 'flood.busy').median
  const reserve = samples.ratio('direct', 'nginx', 'flood.rate')
  if (Number.isNaN(busy + reserve)) return ''
  return ` nginx kept its core busy for ${(busy * 100).toFixed(0)} % of the time, and without a proxy the load generator reaches ${reserve.toFixed(1)} times that rate.`
}

function headings({ title, withoutRatio }: Column): string[] {
  return withoutRatio ? [title] : [title, '× nginx', '× raw fetch']
}

function cells(column: Column, candidate: Candidate, samples: Samples): string[] {
  const { figure, base, unit = 1, withoutRatio, perChunk } = column
  const isBase = candidate.name === 'direct' && base === figure
  const { median, min, max } = samples.figure(candidate.name, figure, isBase ? undefined : base)
  const shown = spread({ median: median / unit, min: min / unit, max: max / unit })
  if (withoutRatio) return [shown]
  if (candidate.name === 'direct') return [isBase ? `0, from ${number(median)}` : shown, '', '']
  const yardstick = (perChunk && candidate.chunkYardstick) || candidate.yardstick
  const compare = (to: string) => times(samples.ratio(candidate.name, to, figure, base))
  return [shown, compare('nginx'), yardstick ? compare(yardstick) : '']
}

/** Whether it was slower than the pace of these columns. */
function fellBehind({ name }: Candidate, columns: Column[], samples: Samples): boolean {
  const [measure] = columns[0]?.figure.split('.') ?? []
  return samples.series(name, `${measure}.behind`).some((behind) => behind > 0)
}

function isEmpty(values: number[]): boolean {
  return values.every(Number.isNaN)
}

function inProcess(samples: Samples): string {
  const rows = candidates
    .filter(({ name }) => !isEmpty(samples.series(name, 'inprocess.token')))
    .map(({ name }) => [name, spread(samples.figure(name, 'inprocess.token'))])
  return `## A token of a local engine in one process, ns\n\nThe \`static\` engine without delays, through the handler and server-sent events, to a reader in the same process.\n\n${table(['', 'each token'], rows)}`
}

function size(samples: Samples): string {
  const bytes = (name: string) => {
    const value = samples.figure('sluice-workerd', name).median
    return `${(value / 1024).toFixed(1)} KiB`
  }
  return `## Size\n\nThe handler for the edge, bundled and minified: ${bytes('size.minified')}, gzipped ${bytes('size.gzip')}.`
}
