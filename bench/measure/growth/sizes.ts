/** Measures what something costs at each of its sizes. */
import { median } from '../../stats.ts'
import type { Context } from './process.ts'

export interface Repeats {
  /** How often each size is measured, at the usual scale. */
  rounds: number
  /** And before that, without counting. */
  warmUps?: number
}

/** Measures all sizes in turns, and records the median of each: `measure` returns a cost for each of the rows. */
export async function measureSizes<Size extends number>(
  { scale, record }: Context,
  sizes: readonly Size[],
  rows: readonly string[],
  { rounds, ...repeats }: Repeats,
  measure: (size: Size) => Promise<number[]>,
): Promise<void> {
  const costs = await compare(sizes, { rounds: times(rounds, scale), ...repeats }, measure)
  for (const size of sizes) {
    for (const [at, row] of rows.entries()) record(row, size, costs.get(size)?.[at] ?? Number.NaN)
  }
}

/** The mean of as many measurements, where one alone is shorter than the clock's step. */
export async function mean(count: number, measure: () => Promise<number>): Promise<number> {
  let sum = 0
  for (let each = 0; each < count; each++) sum += await measure()
  return sum / count
}

/** The median of each variant, which take turns, so that whatever else the machine does strikes all alike. */
async function compare<S>(
  variants: readonly S[],
  { rounds, warmUps = 3 }: { rounds: number; warmUps?: number },
  measure: (variant: S) => Promise<number[]>,
): Promise<Map<S, number[]>> {
  const all = new Map(variants.map((variant) => [variant, [] as number[][]]))
  for (let round = -warmUps; round < rounds; round++) {
    const from = Math.abs(round) % variants.length
    for (const variant of [...variants.slice(from), ...variants.slice(0, from)]) {
      const costs = await measure(variant)
      if (round >= 0) all.get(variant)?.push(costs)
    }
  }
  return new Map(
    [...all].map(([variant, costs]) => [
      variant,
      (costs[0] ?? []).map((_, at) => median(costs.map((each) => each[at] ?? Number.NaN))),
    ]),
  )
}

/** How often something is repeated at this scale, three times at least. */
export function times(count: number, scale: number): number {
  return Math.max(3, Math.round(count * scale))
}
