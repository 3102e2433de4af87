import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

/** Draws how many tokens had come when; returns what removes the drawing. */
export function plotTokens(place: HTMLElement, tokens: number[]): (() => void) | undefined {
  if (tokens.length < 2) return undefined
  const ink = getComputedStyle(place).color
  const line = getComputedStyle(place).getPropertyValue('--accent').trim() || ink
  const axis = { stroke: ink, grid: { stroke: '#8884', width: 1 }, ticks: { stroke: '#8884' } }
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: 150,
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick / 1000} s`) },
        { ...axis, size: 44 },
      ],
      series: [{}, { stroke: line, width: 2, points: { show: tokens.length < 60 } }],
    },
    [tokens, tokens.map((_, index) => index + 1)],
    place,
  )
  return () => plot.destroy()
}
