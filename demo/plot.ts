import uPlot from 'uplot'

/** A plot of the number of tokens received over time. */
export interface TokenPlot {
  show(tokens: number[]): void
  remove(): void
}

const HEIGHT = 130

/** The most points of the line. */
const POINTS = 1_000

export function plotTokens(place: HTMLElement): TokenPlot {
  const style = getComputedStyle(place)
  // A canvas does not know variables and light-dark(): the style sheet gives this property.
  const line = style.caretColor
  const axis = {
    stroke: style.color,
    grid: { stroke: '#8884', width: 1 },
    ticks: { stroke: '#8884' },
  }
  const plot = new uPlot(
    {
      width: Math.max(place.clientWidth, 200),
      height: HEIGHT,
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, size: 32, values: (_, ticks) => ticks.map((tick) => `${tick / 1000} s`) },
        { ...axis, size: 44 },
      ],
      series: [{}, { stroke: line, width: 2, points: { show: false } }],
    },
    [[], []],
    place,
  )
  // A narrow screen shows the plot later than it is made, and windows change their size.
  const resized = new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT })
  })
  resized.observe(place)
  return {
    show(tokens) {
      // More would not be seen.
      const step = Math.ceil(tokens.length / POINTS)
      const shown = tokens.flatMap((at, index) =>
        index % step === 0 || index === tokens.length - 1 ? [[at, index + 1] as const] : [],
      )
      plot.setData([shown.map(([at]) => at), shown.map(([, count]) => count)])
    },
    remove() {
      resized.disconnect()
      plot.destroy()
    },
  }
}
