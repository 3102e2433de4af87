/** The figures as text for people. */
import { type Candidate, candidates } from './candidates.ts'
import { TOLERABLE } from './disturbance.ts'
import { crowds } from './measure/memory.ts'
import { paceName, paces } from './measure/paced.ts'
import type { Samples } from './samples.ts'
import { number, spread, table, times } from './table.ts'

interface Column {
  title: string
  figure: string
  /** The figure of `direct` that it is counted from. */
  base?: string
  /** Divides the figure for showing. */
  unit?: number
  /** It is what is done to every chunk. */
  perChunk?: boolean
  /** It is not a cost, and has no ratios. */
  plain?: boolean
}

interface Section {
  title: string
  note: string
  columns: Column[]
}

const sections: Section[] = [
  {
    title: 'Added time to first token, µs',
    note: 'One request after the other on one connection. p50 is counted from the p50 of `direct` in the same round, and so is p99: how late the slowest of a hundred is, compared with the usual one without a proxy.',
    columns: [
      { title: 'p50', figure: 'ttft.p50', base: 'ttft.p50' },
      { title: 'p99', figure: 'ttft.p99', base: 'ttft.p50' },
    ],
  },
  ...paces.map((pace) => {
    const name = paceName(pace)
    return {
      title: `${pace.streams} streams of ${pace.rate} tokens/s`,
      note: 'Microseconds a chunk: of processor time, and of time added between the upstream and the client (counted as above).',
      columns: [
        { title: 'CPU', figure: `${name}.cpu`, perChunk: true },
        { title: 'added p50', figure: `${name}.p50`, base: `${name}.p50`, perChunk: true },
        { title: 'added p99', figure: `${name}.p99`, base: `${name}.p50`, perChunk: true },
      ],
    }
  }),
  {
    title: 'Flood, million chunks/s',
    note: 'Four streams at once, as fast as back-pressure allows. Busy is the part of its core the candidate used: near 1 it was the bound, well below that it was the load side, which alone passes what `direct` shows.',
    columns: [
      { title: 'chunks', figure: 'flood.rate', unit: 1e6 },
      { title: 'busy', figure: 'flood.busy', plain: true },
    ],
  },
  {
    title: 'Hang-up, ms',
    note: 'From a client leaving a quiet stream to the upstream seeing its connection closed; ∞ is more than 5 s.',
    columns: [
      { title: 'p50', figure: 'hangup.p50' },
      { title: 'p99', figure: 'hangup.p99' },
    ],
  },
  {
    title: 'Memory an open stream, KiB',
    note: 'Growth of the resident memory by quiet streams, divided by their number. At rest is the whole process before, in MiB.',
    columns: [
      ...crowds.map((crowd) => ({ title: String(crowd), figure: `memory-${crowd}.kib` })),
      { title: 'at rest', figure: 'memory.base', plain: true },
    ],
  },
  {
    title: 'Disturbance, % of a core',
    note: `The worst of any one measurement above in a round: the time that the host of a virtual machine gave to others, and the time that other processes ran. A measurement with more than ${TOLERABLE} % of both was taken again, twice at most, and the least disturbed one counts.`,
    columns: [
      { title: 'stolen by the host', figure: 'disturbed.stolen', plain: true },
      { title: 'others', figure: 'disturbed.others', plain: true },
    ],
  },
  {
    title: 'Cold start, ms',
    note: 'From starting the program to the first token of its first answer, the middle of three starts a round, `taskset` included (about 1 ms).',
    columns: [{ title: 'first token', figure: 'cold.first' }],
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
    ...(samples.has('size.gzip') ? [size(samples)] : []),
  ].join('\n\n')
}

function sectionText({ title, note, columns }: Section, shown: Candidate[], samples: Samples) {
  const header = ['', ...columns.flatMap(headings)]
  const rows = shown
    .filter(({ name }) => columns.some(({ figure }) => !isEmpty(samples.series(name, figure))))
    .map((candidate) => [
      candidate.name + (isBehind(candidate, columns, samples) ? ' *' : ''),
      ...columns.flatMap((column) => cells(column, candidate, samples)),
    ])
  const behind = rows.some(([name]) => name?.endsWith('*'))
    ? '\n\n\\* It could not keep up: its delays say how long it was watched, no more.'
    : ''
  const verdict = columns.some(({ figure }) => figure === 'flood.rate') ? saturation(samples) : ''
  return `## ${title}\n\n${note}${verdict}\n\n${table(header, rows)}${behind}`
}

/** Whether the load side can ask more of nginx than nginx can give. */
function saturation(samples: Samples): string {
  const busy = samples.figure('nginx', 'flood.busy').median
  const reserve = samples.ratio('direct', 'nginx', 'flood.rate')
  if (Number.isNaN(busy + reserve)) return ''
  return ` nginx kept its core busy for ${(busy * 100).toFixed(0)} % of the time, and the load side alone passes ${reserve.toFixed(1)} times as much.`
}

function headings({ title, plain }: Column): string[] {
  return plain ? [title] : [title, '× nginx', '× raw fetch']
}

function cells(column: Column, candidate: Candidate, samples: Samples): string[] {
  const { figure, base, unit = 1, plain, perChunk } = column
  const isBase = candidate.name === 'direct' && base === figure
  const { median, min, max } = samples.figure(candidate.name, figure, isBase ? undefined : base)
  const shown = spread({ median: median / unit, min: min / unit, max: max / unit })
  if (plain) return [shown]
  if (candidate.name === 'direct') return [isBase ? `0, from ${number(median)}` : shown, '', '']
  const yardstick = (perChunk && candidate.chunkYardstick) || candidate.yardstick
  const compare = (to: string) => times(samples.ratio(candidate.name, to, figure, base))
  return [shown, compare('nginx'), yardstick ? compare(yardstick) : '']
}

/** Whether it fell behind in the pace these columns speak of. */
function isBehind({ name }: Candidate, columns: Column[], samples: Samples): boolean {
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
  return `## A local engine's token in process, ns\n\nThe \`static\` engine without delay, through handler and server-sent events, to a reader in the same process.\n\n${table(['', 'a token'], rows)}`
}

function size(samples: Samples): string {
  const bytes = (name: string) => {
    const value = samples.figure('sluice-workerd', name).median
    return `${(value / 1024).toFixed(1)} KiB`
  }
  return `## Size\n\nThe handler for the edge, bundled and minified: ${bytes('size.minified')}, gzipped ${bytes('size.gzip')}.`
}
