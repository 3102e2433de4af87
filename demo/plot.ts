import uPlot from 'uplot'

/** A plot of the number of tokens received over time. */
export interface TokenPlot {
  show(tokens: number[]): void
  remove(): void
}

const HEIGHT = 130

export function plotTokens(place: HTMLElement): TokenPlot {
  const style = getComputedStyle(place)
  const line = style.getPropertyValue('--accent').trim() || style.color
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
    show: (tokens) => plot.setData([tokens, tokens.map((_, index) => index + 1)]),
    remove() {
      resized.disconnect()
      plot.destroy()
    },
  }
}
