import { signal } from '@preact/signals'
import { engines, keys } from '../activity/store.ts'
import { changeRule, rule } from './captures-state.ts'
import { ruleText } from './rule-text.ts'

type What = 'all' | 'key' | 'engine' | 'next'

const what = signal<What>('next')
const chosenKey = signal('')
const chosenEngine = signal('')
const count = signal('1')
const isBusy = signal(false)

async function change(to: string): Promise<void> {
  isBusy.value = true
  await changeRule(to)
  isBusy.value = false
}

/** Switches capturing on and off. */
export function Control() {
  if (rule.value !== 'off') return <On />
  return <Off />
}

function On() {
  return (
    <div class="capture-control on">
      <p role="status">
        <span class="capture-dot" aria-hidden="true" />
        <strong>Capturing {ruleText(rule.value)}.</strong> Prompts and answers are kept in the
        memory of the server, where every admin key can read them.
      </p>
      <button type="button" disabled={isBusy.value} onClick={() => void change('off')}>
        Stop capturing
      </button>
    </div>
  )
}

function Off() {
  const names = keys.value.map(({ name }) => name)
  const labels = engines.value?.map(({ label }) => label) ?? []
  const to = chosenRule(names, labels)
  return (
    <form
      class="capture-control"
      onSubmit={(event) => {
        event.preventDefault()
        if (to !== undefined) void change(to)
      }}
    >
      <fieldset>
        <legend>What to capture</legend>
        <Choice value="next" title="The next requests">
          <input
            type="number"
            min="1"
            max="1000"
            aria-label="How many requests"
            value={count.value}
            onInput={(event) => {
              count.value = event.currentTarget.value
              what.value = 'next'
            }}
          />
        </Choice>
        <Choice value="key" title="One key" isOff={names.length === 0}>
          <Select
            title="Which key"
            options={names}
            value={chosenKey.value}
            onChange={(name) => {
              chosenKey.value = name
              what.value = 'key'
            }}
          />
        </Choice>
        <Choice value="engine" title="One engine" isOff={labels.length === 0}>
          <Select
            title="Which engine"
            options={labels}
            value={chosenEngine.value}
            onChange={(label) => {
              chosenEngine.value = label
              what.value = 'engine'
            }}
          />
        </Choice>
        <Choice value="all" title="All requests" />
      </fieldset>
      <p class="weak">
        A capture holds the prompt and the answer, with keys masked. It stays in the memory of the
        server, within limits on count and size, until it is deleted, replaced by newer ones, or
        sluice restarts. <code>--capture</code> switches this on at the start.
      </p>
      <button type="submit" disabled={isBusy.value || to === undefined}>
        Start capturing
      </button>
    </form>
  )
}

/** Undefined while the form is not complete. */
function chosenRule(names: readonly string[], labels: readonly string[]): string | undefined {
  if (what.value === 'all') return 'all'
  if (what.value === 'next') {
    const number = Number(count.value)
    return Number.isInteger(number) && number > 0 ? `next=${number}` : undefined
  }
  const [list, chosen] =
    what.value === 'key' ? [names, chosenKey.value] : [labels, chosenEngine.value]
  const name = list.includes(chosen) ? chosen : list[0]
  return name === undefined ? undefined : `${what.value}=${name}`
}

interface ChoiceProps {
  value: What
  title: string
  isOff?: boolean
  children?: preact.ComponentChildren
}

function Choice({ value, title, isOff = false, children }: ChoiceProps) {
  return (
    <div class="choice">
      <label>
        <input
          type="radio"
          name="capture"
          checked={what.value === value}
          disabled={isOff}
          onChange={() => {
            what.value = value
          }}
        />
        {title}
      </label>
      {!isOff && children}
      {isOff && <span class="weak">there is none</span>}
    </div>
  )
}

interface SelectProps {
  title: string
  options: readonly string[]
  value: string
  onChange: (value: string) => void
}

function Select({ title, options, value, onChange }: SelectProps) {
  return (
    <select
      aria-label={title}
      value={options.includes(value) ? value : options[0]}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  )
}
