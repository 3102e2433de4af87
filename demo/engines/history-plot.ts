import uPlot from 'uplot'

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

const HEIGHT = 98

/** Seconds between two times of the axis. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
  ...[7_200, 10_800, 21_600, 43_200, 86_400],
]

/** The vertical axis begins at 0, and one value fills no whole plot. */
const fromZero: uPlot.Range.Function = (_, _min, max) => [0, max > 0 ? max * 1.15 : 1]

/** In seconds: requests that ended at one moment still have a plot of some width. */
const LEAST_WIDTH = 60

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
  // A canvas does not know variables and light-dark(): the style sheet gives this property.
  const accent = () => getComputedStyle(place).caretColor
  const plot = new uPlot(
    {
      width: Math.max(place.clientWidth, 120),
      height: HEIGHT,
      padding: [6, 22, 0, 0],
      cursor: {
        x: true,
        y: false,
        drag: { setScale: false, x: false, y: false },
        points: { size: 7 },
      },
      legend: { show: false },
      scales: { x: { time: true }, y: { range: fromZero } },
      axes: axesOf(place, tickText),
      series: [
        {},
        {
          stroke: accent,
          width: 1.5,
          points: { show: true, size: 4, fill: accent },
        },
      ],
      hooks: {
        setCursor: [({ cursor }) => onPoint(cursor.idx == null ? undefined : shown[cursor.idx])],
      },
    },
    [[], []],
    place,
  )
  const resized = new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT })
  })
  resized.observe(place)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const redraw = () => plot.redraw()
  dark.addEventListener('change', redraw)
  return {
    show(points) {
      shown = points
      const seconds = points.map(({ at }) => at / 1_000)
      plot.setData([seconds, points.map(({ value }) => value)], false)
      const [first = 0, last = 0] = [seconds[0], seconds.at(-1)]
      const room = Math.max((last - first) / 50, (LEAST_WIDTH - (last - first)) / 2)
      plot.setScale('x', { min: first - room, max: last + room })
    },
    remove() {
      resized.disconnect()
      dark.removeEventListener('change', redraw)
      plot.destroy()
    },
  }
}

function axesOf(place: HTMLElement, tickText: (value: number) => string): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: () => getComputedStyle(place).color,
    font: '11px system-ui, sans-serif',
    grid: { stroke: '#8883', width: 1 },
    ticks: { show: false },
  }
  return [
    { ...axis, size: 28, gap: 8, space: 56, incrs: STEPS, grid: { show: false }, values: times },
    { ...axis, size: 52, gap: 4, space: 26, values: (_, ticks) => ticks.map(tickText) },
  ]
}

/** With seconds where minutes would be the same. */
function times(_: uPlot, ticks: number[]): string[] {
  const [first = 0, second = first + 60] = ticks
  const length = second - first < 60 ? 8 : 5
  return ticks.map((seconds) => clockText(seconds * 1_000).slice(0, length))
}

/** The time of the day, as the user's browser writes it in 24 hours: `14:03:07`. */
export function clockText(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB')
}
