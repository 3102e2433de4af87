import { plotLine } from './line-plot.ts'

/** A plot of the number of tokens received over time. */
export interface TokenPlot {
  show(tokens: number[]): void
  remove(): void
}

/** The most points of the line. */
const POINTS = 1_000

export function plotTokens(place: HTMLElement): TokenPlot {
  const { show, remove } = plotLine(place, {
    height: 130,
    left: 44,
    right: 12,
    lineWidth: 2,
    hasVerticalGrid: true,
    top: (largest) => largest * 1.05,
    range: (first, last) => [first, last],
    xText: (ms) => `${Number((ms / 1_000).toFixed(3))} s`,
    yText: (count) => (Number.isInteger(count) ? String(count) : ''),
  })
  return {
    show(tokens) {
      // More would not be seen.
      const step = Math.ceil(tokens.length / POINTS)
      const last = tokens.length - 1
      const xs: number[] = []
      const ys: number[] = []
      for (
        let index = 0;
        index <= last;
        index = index === last ? last + 1 : Math.min(index + step, last)
      ) {
        xs.push(tokens[index] ?? 0)
        ys.push(index + 1)
      }
      show(xs, ys)
    },
    remove,
  }
}
