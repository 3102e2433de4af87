/** Compares candidates with their rivals, round by round. */
import { against, type Compared, range, ratioOf } from './against.ts'
import type { Candidate } from './candidate.ts'
import { candidates } from './candidates.ts'
import { early } from './measure/early.ts'
import { streamCounts } from './measure/memory.ts'
import { paceName, paces } from './measure/paced.ts'
import type { Samples } from './samples.ts'
import { table, times } from './table.ts'

const figures: Compared[] = [
  { title: 'first token, added p50, µs', figure: 'ttft.p50', base: 'ttft.p50' },
  ...paces.flatMap((pace) => {
    const name = paceName(pace)
    const streams = `${pace.streams} × ${pace.rate}/s`
    return [
      { title: `CPU a chunk, ${streams}, µs`, figure: `${name}.cpu` },
      { title: `added p50, ${streams}, µs`, figure: `${name}.p50`, base: `${name}.p50` },
    ]
  }),
  {
    title: 'flood (million chunks/s, more is better)',
    figure: 'flood.rate',
    unit: 1e6,
    isMoreBetter: true,
  },
  { title: 'disconnect p50, ms', figure: 'hangup.p50' },
  ...streamCounts.map((count) => ({
    title: `memory for each of ${count} streams, KiB`,
    figure: `memory-${count}.kib`,
  })),
  { title: 'memory at rest, MiB', figure: 'memory.base' },
  { title: 'cold start, ms', figure: 'cold.first' },
  ...Object.keys(early).map((name) => {
    return { title: `request ${name} after the start, ms`, figure: `early.${name}`, unit: 1_000 }
  }),
]

/** Tables of ratios: of another checkout, and of the candidates that differ in one thing. */
export function comparison(samples: Samples, only: readonly string[]): string {
  const pairs = candidates.filter(
    ({ name, rival }) => rival !== undefined && only.includes(name) && only.includes(rival),
  )
  const others = pairs.filter(({ commit }) => commit !== undefined)
  const variants = pairs.filter(({ commit }) => commit === undefined)
  return against(samples, others, figures) + roundByRound(samples, variants)
}

function roundByRound(samples: Samples, pairs: Candidate[]): string {
  const rows = pairs.flatMap(({ name, rival = '' }) =>
    figures.flatMap((figure) => {
      const { mean, low, high } = ratioOf(samples, rival, name, figure)
      if (Number.isNaN(mean)) return []
      return [[`${rival} / ${name}`, figure.title, times(mean), range(low, high)]]
    }),
  )
  if (rows.length === 0) return ''
  const note =
    'The geometric mean over the rounds of what the first candidate measured, divided by what the second one did in the same round, with its 95 % confidence interval. An interval that includes 1 shows no difference.'
  return `\n## Round by round\n\n${note}\n\n${table(['candidates', 'figure', 'ratio', '95 %'], rows)}\n`
}
