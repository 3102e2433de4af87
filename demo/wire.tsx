import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { requestBody } from './chat/request.ts'
import { codeFor, LANGUAGES, type Language } from './code.ts'
import { timeText } from './format.ts'
import { Frames } from './frames/frames.tsx'
import { Rules } from './frames/rules.tsx'
import type { TokenPlot } from './plot.ts'
import { isStreaming, wire } from './state.ts'

/** The most rows while an answer comes: each time that some are added, the list is laid out. */
const SHOWN_LIVE = 60

export function WireView() {
  return (
    <>
      <h2>Stream</h2>
      <Figures />
      <Plot />
      <Rules findings={wire.value.findings} />
      <Frames frames={wire.value.frames} most={isStreaming.value ? SHOWN_LIVE : undefined} />
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
  // Numbers alone: they are sorted within a millisecond where a list of values takes ten.
  const gaps = new Float64Array(tokens.length - 1)
  for (let index = 1; index < tokens.length; index++) {
    gaps[index - 1] = (tokens[index] ?? 0) - (tokens[index - 1] ?? 0)
  }
  gaps.sort()
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
  const latest = useRef(tokens)
  latest.current = tokens
  const isShown = tokens.length >= 2
  useEffect(() => {
    if (!isShown) return undefined
    let isGone = false
    // Loaded when there is something to plot; without it the figures are shown alone.
    const made = import('./plot.ts').then(({ plotTokens }) => {
      if (isGone || place.current === null) return
      plot.current = plotTokens(place.current)
      plot.current.show(latest.current)
    })
    made.catch(() => {})
    return () => {
      isGone = true
      plot.current?.remove()
      plot.current = undefined
    }
  }, [isShown])
  // The list is the same while an answer comes.
  useEffect(() => plot.current?.show(tokens), [tokens, tokens.length])
  return (
    <figure class="plot" hidden={!isShown}>
      <figcaption>Tokens received over time</figcaption>
      <div ref={place} role="img" aria-label="The number of tokens received over time" />
    </figure>
  )
}

const language = signal<Language>('curl')

const isCodeShown = signal(false)

function Code() {
  return (
    <details
      class="code"
      open={isCodeShown.value}
      onToggle={({ currentTarget }) => {
        isCodeShown.value = currentTarget.open
      }}
    >
      <summary>The same request in code</summary>
      {isCodeShown.value && <CodeInside />}
    </details>
  )
}

function CodeInside() {
  // An image would fill the panel.
  const code = codeFor(
    language.value,
    requestBody(() => 'data:image/png;base64,…'),
  )
  return (
    <>
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
    </>
  )
}
