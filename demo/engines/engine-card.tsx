import type { ComponentChildren } from 'preact'
import type { EngineActivity } from '../../src/wire/activity/schema.ts'
import { setFilter } from '../activity/filters.ts'
import { CopyLine } from '../copy-line.tsx'
import { timeText } from '../format.ts'
import { hashOf } from '../views.ts'
import { Health } from './health.tsx'
import { type History, summaryOf } from './history.ts'
import { measurements } from './measurements.ts'
import { ModelPlots, rateText } from './model-plots.tsx'
import { Process } from './process.tsx'
import { explain, isBuiltIn, kindName, stateTone, stateWord } from './words.ts'

/** The most models that are shown unasked. */
const SHOWN = 8

export function EngineCard({ engine }: { engine: EngineActivity }) {
  const { label, kind, state } = engine
  const name = kindName(kind)
  return (
    <li class={`engine ${stateTone(state)}`}>
      <div class="engine-head">
        <h3>{label}</h3>
        {name !== '' && name.toLowerCase() !== label.toLowerCase() && (
          <span class="weak">{name}</span>
        )}
        {isBuiltIn(engine) && <span class="weak">built in, gives a fixed answer</span>}
        <Health word={stateWord(state)} tone={stateTone(state)} />
      </div>
      <Trouble engine={engine} />
      <Facts engine={engine} />
      <Process engine={engine} />
      <Models engine={engine} />
      <Measured engine={engine} />
    </li>
  )
}

/** Why it is not up, and what to do about it. */
function Trouble({ engine }: { engine: EngineActivity }) {
  const told = explain(engine)
  if (told === undefined) return null
  const { what, remedy, command } = told
  return (
    <div class="trouble">
      <p>{what}</p>
      {remedy && (
        <p>
          <strong>{remedy}</strong>
        </p>
      )}
      {command && <CopyLine text={command} />}
      {engine.breaker !== 'closed' && (
        <p>
          <a
            href={hashOf('activity')}
            onClick={() => setFilter({ text: engine.label, which: '', failuresOnly: true })}
          >
            Show its failed requests
          </a>
        </p>
      )}
    </div>
  )
}

function Facts({ engine }: { engine: EngineActivity }) {
  const { running, maxConcurrency: most, breaker, models, loaded } = engine
  return (
    <dl class="engine-facts">
      <Fact name="Running">
        {most === undefined ? running : `${running} of ${most}`}
        {most !== undefined && <Slots running={running} most={most} />}
      </Fact>
      <Fact name="Breaker">{breaker}</Fact>
      <Fact name="Models">{models.length}</Fact>
      <Fact name="Loaded">{loaded.length > 0 ? loaded.length : '–'}</Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The concurrency slots as a bar: in use, and all. */
function Slots({ running, most }: { running: number; most: number }) {
  const share = most > 0 ? Math.min(1, running / most) : 0
  return (
    <div class="slots">
      <meter
        class="hidden"
        aria-label="Concurrency in use"
        min={0}
        max={most}
        value={running}
        aria-valuetext={`${running} of ${most} in use`}
      />
      <div class="slots-bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  )
}

function Models({ engine: { models, loaded, label } }: { engine: EngineActivity }) {
  if (models.length === 0) return null
  const isLoaded = new Set(loaded)
  const sorted = [...models].sort((a, b) => Number(isLoaded.has(b)) - Number(isLoaded.has(a)))
  const entry = (model: string) => (
    <li key={model} class={isLoaded.has(model) ? 'loaded' : ''}>
      <code>{model}</code>
      {isLoaded.has(model) && <span class="badge">loaded</span>}
    </li>
  )
  const rest = sorted.slice(SHOWN)
  return (
    <div class="served">
      <ul aria-label={`Models of ${label}`}>{sorted.slice(0, SHOWN).map(entry)}</ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more models</summary>
          <ul aria-label={`More models of ${label}`}>{rest.map(entry)}</ul>
        </details>
      )}
    </div>
  )
}

/** The models that were asked lately, with how fast they were. */
function Measured({ engine }: { engine: EngineActivity }) {
  const { history } = measurements.value
  const recent = recentOf(engine, history)
  if (recent.length === 0) {
    return <p class="weak">No answers yet. Plots appear after the first answer.</p>
  }
  return (
    <ul class="measured">
      {recent.map(({ model, requests, firstTokenMs, rate }) => {
        const facts = [
          requests === 1 ? 'last request' : `last ${requests} requests`,
          firstTokenMs !== undefined && `first token ${timeText(firstTokenMs)}`,
          rate !== undefined && `${rateText(rate)} tokens/s`,
        ].filter(Boolean)
        return (
          <li key={model}>
            <h4>
              <code>{model}</code>
            </h4>
            <p class="weak">{facts.join(' · ')}</p>
            <ModelPlots model={model} all={history.of(engine.label, model)} />
          </li>
        )
      })}
    </ul>
  )
}

/** What the server says of its models, and after that the models that only this page remembers. */
function recentOf({ label, recent }: EngineActivity, history: History): EngineActivity['recent'] {
  const told = new Set(recent.map(({ model }) => model))
  const remembered = history.modelsOf(label).filter((model) => !told.has(model))
  return [...recent, ...remembered.map((model) => summaryOf(model, history.of(label, model)))]
}
