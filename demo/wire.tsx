import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { rules } from '../src/check/rules/rules.ts'
import type { Frame } from './api.ts'
import { codeFor, LANGUAGES, type Language } from './code.ts'
import { timeText } from './format.ts'
import { plotTokens, type TokenPlot } from './plot.ts'
import { requestBody } from './send.ts'
import { isStreaming, wire } from './state.ts'

/** The most rows in the list, as more make the page slow; all events are counted and plotted. */
const SHOWN = 300

export function WireView() {
  return (
    <>
      <h2>Stream</h2>
      <Figures />
      <Plot />
      <Rules />
      <Frames />
      <Code />
    </>
  )
}

function Figures() {
  const { tokens, frames } = wire.value
  const [first, last] = [tokens[0], tokens.at(-1)]
  if (first === undefined || last === undefined) {
    const text = isStreaming.value
      ? 'Waiting for the first token…'
      : 'Events appear here as they arrive.'
    return <p class="weak">{text}</p>
  }
  const gaps = tokens.slice(1).map((at, index) => at - (tokens[index] ?? at))
  gaps.sort((a, b) => a - b)
  const at = (share: number) => gaps[Math.floor(gaps.length * share)] ?? 0
  const figures = [
    ['First token', timeText(first)],
    ['Tokens', String(tokens.length)],
    [
      'Tokens per second',
      last > first ? (((tokens.length - 1) / (last - first)) * 1000).toFixed(1) : '–',
    ],
    ['Median pause', timeText(at(0.5))],
    ['Longest pause', timeText(gaps.at(-1) ?? 0)],
    ['Events', String(frames.length)],
  ]
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Plot() {
  const place = useRef<HTMLDivElement>(null)
  const { tokens } = wire.value
  const plot = useRef<TokenPlot>(undefined)
  useEffect(() => {
    if (place.current) plot.current = plotTokens(place.current)
    return () => plot.current?.remove()
  }, [])
  useEffect(() => plot.current?.show(tokens), [tokens])
  return (
    <figure class="plot" hidden={tokens.length < 2}>
      <figcaption>Tokens received over time</figcaption>
      <div ref={place} role="img" aria-label="The number of tokens received over time" />
    </figure>
  )
}

/** The findings of `sluice check` for this stream. */
function Rules() {
  const { findings } = wire.value
  if (findings === undefined) return null
  if (findings.length === 0) return <p class="weak">✓ This stream breaks no rule.</p>
  return (
    <ul class="rules" aria-label="Broken rules">
      {findings.map(({ rule, seen, count }) => (
        <li key={rule} class={rules[rule].severity}>
          <strong>{rule}</strong> {rules[rule].requirement}
          <small>
            {seen}
            {count === undefined ? '' : ` (${count} times)`}. {rules[rule].repair}
          </small>
        </li>
      ))}
    </ul>
  )
}

function Frames() {
  const { frames } = wire.value
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight
  }, [frames.length])
  if (frames.length === 0) return null
  const hidden = Math.max(0, frames.length - SHOWN)
  return (
    <>
      {hidden > 0 && <p class="weak">{hidden} earlier events are not shown.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard */}
      <ol class="frames" ref={list} tabIndex={0} aria-label="Events">
        {frames.slice(hidden).map((frame, index) => (
          <FrameRow key={hidden + index} frame={frame} before={frames[hidden + index - 1]} />
        ))}
      </ol>
    </>
  )
}

function FrameRow({ frame, before }: { frame: Frame; before: Frame | undefined }) {
  const kind = frame.text.startsWith(':')
    ? 'comment'
    : frame.text.includes('"error"')
      ? 'error'
      : ''
  return (
    <li class={kind}>
      <span class="at">
        {frame.at.toFixed(1)}
        <small> +{(frame.at - (before?.at ?? 0)).toFixed(1)} ms</small>
      </span>
      <code>{frame.text.trimEnd()}</code>
    </li>
  )
}

const language = signal<Language>('curl')

function Code() {
  const code = codeFor(language.value, requestBody())
  return (
    <details class="code">
      <summary>The same request in code</summary>
      <div class="row">
        {LANGUAGES.map((name) => (
          <button
            type="button"
            key={name}
            class="quiet"
            aria-pressed={language.value === name}
            onClick={() => {
              language.value = name
            }}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          class="quiet"
          onClick={() => void navigator.clipboard?.writeText(code)}
        >
          Copy
        </button>
      </div>
      <pre>
        <code>{code}</code>
      </pre>
    </details>
  )
}
