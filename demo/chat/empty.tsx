import { send } from '../send.ts'
import { isStreaming, model } from '../state.ts'

const EXAMPLES = [
  'Explain what a token is, with an example.',
  'Write a function in TypeScript that reads server-sent events.',
  'Compare three sorting algorithms in a table.',
]

/** A conversation without messages: what to ask. */
export function Empty() {
  return (
    <div class="empty">
      <p>
        Write a message. <strong>{model.value || 'The model'}</strong> streams its answer, and the
        events of the stream are shown as they arrive.
      </p>
      {!model.value && <p class="weak">Choose a model to begin.</p>}
      <ul aria-label="Examples">
        {EXAMPLES.map((text) => (
          <li key={text}>
            <button
              type="button"
              class="example"
              disabled={!model.value || isStreaming.value}
              onClick={() => void send(text)}
            >
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
