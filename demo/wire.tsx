import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { requestBody } from './chat/request.ts'
import { codeFor, LANGUAGES, type Language } from './code.ts'
import { timeText } from './format.ts'
import { Frames } from './frames/frames.tsx'
import { Rules } from './frames/rules.tsx'
import { plotTokens, type TokenPlot } from './plot.ts'
import { isStreaming, wire } from './state.ts'

export function WireView() {
  return (
    <>
      <h2>Stream</h2>
      <Figures />
      <Plot />
      <Rules findings={wire.value.findings} />
      <Frames frames={wire.value.frames} />
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
