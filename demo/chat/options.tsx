/** What is sent with each question. */
import { NO_OPTIONS, type Options, options } from '../state.ts'
import { NUMBERS, type NumberName, numberIn } from './request.ts'
import { toolsIn } from './tools.ts'

const FIELDS = [
  ['temperature', 'Temperature', '0 to 2'],
  ['top_p', 'Top p', '0 to 1'],
  ['max_tokens', 'Max tokens', 'no limit'],
] as const

/** Which of them a model knows is for its server to say. */
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high']

const EXAMPLE =
  '[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]'

function set(name: keyof Options, value: string): void {
  options.value = { ...options.value, [name]: value }
}

export function OptionsForm() {
  const { system, reasoning_effort = '' } = options.value
  return (
    <fieldset class="options">
      <legend class="hidden">Settings</legend>
      <label>
        System prompt
        <textarea
          rows={2}
          value={system}
          placeholder="What the model is to know or do in every conversation"
          onInput={(event) => set('system', event.currentTarget.value)}
        />
      </label>
      <div class="row">
        {FIELDS.map(([name, title, hint]) => (
          <NumberField key={name} name={name} title={title} hint={hint} />
        ))}
        <label>
          Reasoning effort
          <select
            value={reasoning_effort}
            onChange={(event) => set('reasoning_effort', event.currentTarget.value)}
          >
            <option value="">not sent</option>
            {EFFORTS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <ToolsField />
      <button
        type="button"
        class="quiet"
        onClick={() => {
          options.value = NO_OPTIONS
        }}
      >
        Reset these settings
      </button>
    </fieldset>
  )
}

function NumberField({ name, title, hint }: { name: NumberName; title: string; hint: string }) {
  const text = options.value[name]
  const isWrong = Number.isNaN(numberIn(name, text))
  const [least, greatest] = NUMBERS[name]
  const range = Number.isFinite(greatest) ? `from ${least} to ${greatest}` : 'that is whole'
  return (
    <label>
      {title}
      <input
        inputMode="decimal"
        placeholder={hint}
        value={text}
        aria-invalid={isWrong}
        onInput={(event) => set(name, event.currentTarget.value)}
      />
      {isWrong && <small class="error">Expected a number {range}; it is not sent.</small>}
    </label>
  )
}

function ToolsField() {
  const text = options.value.tools ?? ''
  const { tools = [], problem } = toolsIn(text)
  return (
    <label>
      Tools that the model may ask for, as JSON
      <textarea
        rows={3}
        class="json"
        spellcheck={false}
        value={text}
        placeholder={EXAMPLE}
        aria-invalid={problem !== undefined}
        onInput={(event) => set('tools', event.currentTarget.value)}
      />
      {problem === undefined ? (
        <small>
          {tools.length > 0 && `Offered: ${tools.length}. `}
          The page runs no tools: it shows what the model asks for, and you give the result.
        </small>
      ) : (
        <small class="error">{problem}</small>
      )}
    </label>
  )
}
