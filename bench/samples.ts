import { added, type Figure, ratio, summarize } from './stats.ts'

/** Figures by their names: `ttft.p50`. */
export type Figures = Record<string, number>

/** Every figure of every round. */
export class Samples {
  readonly #rounds: Map<string, Figures>[] = []

  /** Adds the figures of a candidate in a round (counted from 0). */
  record(round: number, candidate: string, figures: Figures): void {
    this.#rounds[round] ??= new Map()
    const known = this.#rounds[round]?.get(candidate)
    this.#rounds[round]?.set(candidate, { ...known, ...figures })
  }

  /** A value a round, NaN where a round has none. */
  series(candidate: string, figure: string): number[] {
    return Array.from(this.#rounds, (round) => round?.get(candidate)?.[figure] ?? Number.NaN)
  }

  /** The figure, or what it adds to the figure `base` of `direct`. */
  figure(candidate: string, name: string, base?: string): Figure {
    const values = this.series(candidate, name)
    return summarize(base === undefined ? values : added(values, this.series('direct', base)))
  }

  /** The ratio of two candidates' medians; NaN where one is missing. */
  ratio(candidate: string, to: string, name: string, base?: string): number {
    return ratio(this.figure(candidate, name, base).median, this.figure(to, name, base).median)
  }

  /** Whether any candidate has it. */
  has(name: string): boolean {
    return this.#rounds.some((round) =>
      [...(round?.values() ?? [])].some((figures) => figures[name] !== undefined),
    )
  }

  toJSON(): Record<string, Figures>[] {
    return this.#rounds.map((round) => Object.fromEntries(round ?? []))
  }
}
