import { curlCommand } from '../../src/util/curl-command.ts'
import { key, root } from '../api.ts'
import { model } from '../state.ts'
import { copy, tell } from './actions.ts'

/** What to do where no request has come yet. */
export function Empty() {
  const origin = root.slice(0, -'/v1'.length)
  const command = curlCommand(origin, model.value || 'static', key.value !== '')
  return (
    <div class="nothing">
      <p>
        <strong>No requests yet.</strong> Each one appears here as it arrives. Try it:
      </p>
      <pre>
        <code>{command}</code>
      </pre>
      <p>
        <button
          type="button"
          onClick={() => void copy(command).then((isCopied) => isCopied && tell('Copied.'))}
        >
          Copy
        </button>{' '}
        <a href="#chat">or ask in the chat</a>
      </p>
    </div>
  )
}
