/** The figures of this checkout beside those of another one. */
import type { Candidate } from './candidate.ts'
import type { Samples } from './samples.ts'
import { added, type Interval, meanRatio, ratio } from './stats.ts'
import { spread, table, times } from './table.ts'

/** A figure that is compared. */
export interface Compared {
  title: string
  figure: string
  /** The figure of `direct` that is subtracted. */
  base?: string
  /** Divides the figure for showing. */
  unit?: number
  /** Whether more of it is better. */
  isMoreBetter?: boolean
}

/** The figures of this checkout beside those of another one, with a verdict on each. */
export function against(
  samples: Samples,
  others: readonly Candidate[],
  figures: readonly Compared[],
): string {
  const rows = others.flatMap(({ name, rival = '' }) =>
    figures.flatMap((figure) => againstRow(samples, rival, name, figure)),
  )
  const commit = others[0]?.commit
  if (commit === undefined || rows.length === 0) return ''
  const number = (verdict: string) => rows.filter((row) => row.at(-1)?.startsWith(verdict)).length
  const note = `What ${commit} and this checkout measured in turns. The ratio is the geometric mean over the rounds of what this one measured, divided by what ${commit} did in the same round, with its 95 % confidence interval. Better: ${number('better')} of ${rows.length} figures; worse: ${number('worse')}; the interval of the others includes 1. Of figures that did not change, one in twenty seems better or worse by chance.`
  const header = ['', 'figure', commit, 'this', 'ratio', '95 %', 'verdict']
  return `\n## Against ${commit}\n\n${note}\n\n${table(header, rows)}\n`
}

/** One row, or none where one of the two was not measured. */
function againstRow(samples: Samples, name: string, other: string, figure: Compared): string[][] {
  const { title, figure: measured, base, unit = 1 } = figure
  const [before = '', now = ''] = [other, name].map((candidate) => {
    const { median, min, max } = samples.figure(candidate, measured, base)
    return spread({ median: median / unit, min: min / unit, max: max / unit })
  })
  if (before === '–' || now === '–') return []
  const { mean, low, high } = ratioOf(samples, name, other, figure)
  const ratios = Number.isNaN(mean) ? ['–', '–'] : [times(mean), range(low, high)]
  return [[name, title, before, now, ...ratios, verdict({ mean, low, high }, figure)]]
}

/** `better by 12 %`, where the interval does not include 1. */
function verdict({ mean, low, high }: Interval, { isMoreBetter = false }: Compared): string {
  if (Number.isNaN(mean)) return 'too few rounds'
  if (low <= 1 && high >= 1) return 'no difference shown'
  const percent = Math.abs(mean - 1) * 100
  return `${mean > 1 === isMoreBetter ? 'better' : 'worse'} by ${percent.toFixed(percent < 10 ? 1 : 0)} %`
}

/** What a candidate measured, divided by what another one did in the same round. */
export function ratioOf(
  samples: Samples,
  name: string,
  to: string,
  { figure, base }: Compared,
): Interval {
  const values = (candidate: string) => {
    const series = samples.series(candidate, figure)
    return base === undefined ? series : added(series, samples.series('direct', base))
  }
  const others = values(to)
  return meanRatio(values(name).map((value, round) => ratio(value, others[round] ?? Number.NaN)))
}

/** `0.90 × – 1.10 ×` */
export function range(low: number, high: number): string {
  return `${times(low)} – ${times(high)}`
}
