/** Compares candidates with their rivals, round by round. */
import { candidates } from './candidates.ts'
import { streamCounts } from './measure/memory.ts'
import { paceName, paces } from './measure/paced.ts'
import type { Samples } from './samples.ts'
import { added, meanRatio, ratio } from './stats.ts'
import { table, times } from './table.ts'

/** The figures that are compared; `base` is the figure of `direct` that is subtracted. */
const figures: { title: string; figure: string; base?: string }[] = [
  { title: 'first token, added p50', figure: 'ttft.p50', base: 'ttft.p50' },
  ...paces.flatMap((pace) => {
    const name = paceName(pace)
    const streams = `${pace.streams} × ${pace.rate}/s`
    return [
      { title: `CPU a chunk, ${streams}`, figure: `${name}.cpu` },
      { title: `added p50, ${streams}`, figure: `${name}.p50`, base: `${name}.p50` },
    ]
  }),
  { title: 'flood (more is better)', figure: 'flood.rate' },
  { title: 'disconnect p50', figure: 'hangup.p50' },
  ...streamCounts.map((count) => ({
    title: `memory for each of ${count} streams`,
    figure: `memory-${count}.kib`,
  })),
  { title: 'cold start', figure: 'cold.first' },
]

/** A table of ratios: the figure of each candidate's rival divided by its own in the same round. */
export function comparison(samples: Samples, only: readonly string[]): string {
  const rows = candidates.flatMap(({ name, rival }) =>
    rival !== undefined && only.includes(name) && only.includes(rival)
      ? figures.flatMap((figure) => row(samples, rival, name, figure))
      : [],
  )
  if (rows.length === 0) return ''
  const note =
    'The geometric mean over the rounds of what the first candidate measured, divided by what the second one did in the same round, with its 95 % confidence interval. An interval that includes 1 shows no difference.'
  return `\n## Round by round\n\n${note}\n\n${table(['candidates', 'figure', 'ratio', '95 %'], rows)}\n`
}

/** One row, or none where fewer than two rounds measured both. */
function row(
  samples: Samples,
  name: string,
  to: string,
  { title, figure, base }: (typeof figures)[number],
): string[][] {
  const values = (candidate: string) => {
    const series = samples.series(candidate, figure)
    return base === undefined ? series : added(series, samples.series('direct', base))
  }
  const others = values(to)
  const ratios = values(name).map((value, round) => ratio(value, others[round] ?? Number.NaN))
  const { mean, low, high } = meanRatio(ratios)
  if (Number.isNaN(mean)) return []
  return [[`${name} / ${to}`, title, times(mean), `${times(low)} – ${times(high)}`]]
}
