import { signal } from '@preact/signals'
import { sendResults } from '../send.ts'
import type { Call, Said } from '../state.ts'
import { indented } from './json-text.ts'

/** What a model asks for; `isOpen`: the user may give the results. */
export function ToolCalls({ calls, isOpen }: { calls: readonly Call[]; isOpen: boolean }) {
  return (
    <>
      {calls.map(({ id, name, arguments: text }, index) => (
        <section class="call" key={id || index} aria-label={`Call of ${name}`}>
          <p>
            Asks for <strong>{name || '…'}</strong>
          </p>
          {text.trim() !== '' && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
            <pre tabIndex={0}>
              <code>{indented(text)}</code>
            </pre>
          )}
        </section>
      ))}
      {isOpen && <Results calls={calls} />}
    </>
  )
}

const typed = signal<readonly string[]>([])

function Results({ calls }: { calls: readonly Call[] }) {
  return (
    <form
      class="results"
      onSubmit={(event) => {
        event.preventDefault()
        const results = calls.map((_, index) => typed.value[index] ?? '')
        typed.value = []
        void sendResults(results)
      }}
    >
      <p class="weak">
        The page runs no tools. Run {calls.length === 1 ? 'it' : 'them'} yourself and give the{' '}
        {calls.length === 1 ? 'result' : 'results'}, or go on with another message.
      </p>
      {calls.map(({ id, name }, index) => (
        <label key={id || index}>
          Result of {name}
          <textarea
            rows={2}
            spellcheck={false}
            class="json"
            value={typed.value[index] ?? ''}
            onInput={({ currentTarget: { value } }) => {
              typed.value = calls.map((_, at) => (at === index ? value : (typed.value[at] ?? '')))
            }}
          />
        </label>
      ))}
      <button type="submit">{calls.length === 1 ? 'Send the result' : 'Send the results'}</button>
    </form>
  )
}

/** A result that the user gave. */
export function ToolResult({ said, name }: { said: Said; name: string }) {
  return (
    <section class="call" aria-label={`Result of ${name}`}>
      <p>
        Result of <strong>{name}</strong>, given by you
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard */}
      <pre tabIndex={0}>
        <code>{said.content || '(empty)'}</code>
      </pre>
    </section>
  )
}
