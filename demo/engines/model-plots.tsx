import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { timeText } from '../format.ts'
import { type Measurement, median } from './history.ts'
import { clockText, type HistoryPlot, type PlotPoint, plotHistory } from './history-plot.ts'

/** The most rows of a table that stands for the plots. */
const ROWS = 20

/** First-token time and rate of one model over time, as plots and as a table. */
export function ModelPlots({ model, all }: { model: string; all: readonly Measurement[] }) {
  return (
    <>
      <div class="plots">
        <Plot
          title="First token"
          model={model}
          points={pointsOf(all, ({ firstTokenMs }) => firstTokenMs)}
          text={timeText}
          tickText={(ms) =>
            ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toFixed(2))} s`
          }
          none="Appears with the next request."
        />
        <Plot
          title="Tokens per second"
          model={model}
          points={pointsOf(all, ({ rate }) => rate)}
          text={rateText}
          tickText={(rate) => `${Number(rate.toFixed(1))}`}
          none="Appears with the next streamed answer."
        />
      </div>
      {all.length > 0 && <Values model={model} all={all} />}
    </>
  )
}

export function rateText(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1)
}

function pointsOf(
  all: readonly Measurement[],
  valueIn: (measurement: Measurement) => number | undefined,
): PlotPoint[] {
  return all.flatMap((each) => {
    const value = valueIn(each)
    return value === undefined ? [] : { at: each.at, value }
  })
}

interface PlotProps {
  title: string
  model: string
  points: PlotPoint[]
  text: (value: number) => string
  tickText: (value: number) => string
  /** What is said where there is no point. */
  none: ComponentChildren
}

function Plot({ title, model, points, text, tickText, none }: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<HistoryPlot>(undefined)
  const [under, setUnder] = useState<PlotPoint | undefined>(undefined)
  const isEmpty = points.length === 0
  useEffect(() => {
    if (place.current) plot.current = plotHistory(place.current, tickText, setUnder)
    return () => plot.current?.remove()
  }, [isEmpty])
  const last = points.at(-1)
  useEffect(() => plot.current?.show(points), [points.length, points[0]?.at, last?.at])
  return (
    <figure class="history">
      <figcaption>
        {title}
        {last && (
          <span class="value">
            {under ? `${text(under.value)} at ${clockText(under.at)}` : `last ${text(last.value)}`}
          </span>
        )}
      </figcaption>
      {isEmpty ? (
        <p class="weak">{none}</p>
      ) : (
        <div ref={place} role="img" aria-label={summaryOf(title, model, points, text)} />
      )}
    </figure>
  )
}

function summaryOf(
  title: string,
  model: string,
  points: PlotPoint[],
  text: PlotProps['text'],
): string {
  const values = points.map(({ value }) => value)
  const least = text(Math.min(...values))
  const most = text(Math.max(...values))
  const count = points.length === 1 ? '1 request' : `${points.length} requests`
  return `${title} of ${model}: ${count}, from ${least} to ${most}, median ${text(median(values) ?? 0)}`
}

/** The same values as text, the newest first. */
function Values({ model, all }: { model: string; all: readonly Measurement[] }) {
  const newest = all.slice(-ROWS).reverse()
  return (
    <details class="values">
      <summary>Values as a table</summary>
      <table>
        <caption class="hidden">The last requests of {model}</caption>
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">First token</th>
            <th scope="col">Tokens per second</th>
          </tr>
        </thead>
        <tbody>
          {newest.map(({ id, at, firstTokenMs, rate }) => (
            <tr key={id}>
              <td>{clockText(at)}</td>
              <td>{firstTokenMs === undefined ? '–' : timeText(firstTokenMs)}</td>
              <td>{rate === undefined ? '–' : rateText(rate)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
