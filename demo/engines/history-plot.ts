import { plotLine } from '../line-plot.ts'

export interface PlotPoint {
  /** Milliseconds since 1970. */
  at: number
  value: number
}

/** A small plot of one quantity over time. */
export interface HistoryPlot {
  show(points: readonly PlotPoint[]): void
  remove(): void
}

/** Milliseconds between two times of the axis. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
  ...[7_200, 10_800, 21_600, 43_200, 86_400, 604_800],
].map((seconds) => seconds * 1_000)

/** In milliseconds: requests that ended at one moment still have a plot of some width. */
const LEAST_WIDTH = 60_000

/**
 * `tickText` words a value of the axis; `onPoint` is called with the point under the pointer, and with
 * undefined where there is none.
 */
export function plotHistory(
  place: HTMLElement,
  tickText: (value: number) => string,
  onPoint: (point: PlotPoint | undefined) => void,
): HistoryPlot {
  let shown: readonly PlotPoint[] = []
  const { show, remove } = plotLine(place, {
    height: 98,
    left: 52,
    right: 22,
    lineWidth: 1.5,
    hasPoints: true,
    // One value fills no whole plot.
    top: (largest) => (largest > 0 ? largest * 1.15 : 1),
    range(first, last) {
      const room = Math.max((last - first) / 50, (LEAST_WIDTH - (last - first)) / 2)
      return [first - room, last + room]
    },
    steps: STEPS,
    // Whole hours and days are those of the user's clock.
    origin: (at) => new Date(at).getTimezoneOffset() * 60_000,
    // With seconds where minutes would be the same.
    xText: (at, step) => clockText(at).slice(0, step < 60_000 ? 8 : 5),
    yText: tickText,
    onPoint: (index) => onPoint(index === undefined ? undefined : shown[index]),
  })
  return {
    show(points) {
      shown = points
      show(
        points.map(({ at }) => at),
        points.map(({ value }) => value),
      )
    },
    remove,
  }
}

/** The time of the day, as the user's browser writes it in 24 hours: `14:03:07`. */
export function clockText(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB')
}
