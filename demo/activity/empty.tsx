import { curlCommand } from '../../src/util/curl-command.ts'
import { key, root } from '../api.ts'
import { CopyLine } from '../copy-line.tsx'
import { model } from '../state.ts'

/** What to do where no request has come yet. */
export function Empty() {
  const origin = root.slice(0, -'/v1'.length)
  const command = curlCommand(origin, model.value || 'static', key.value !== '')
  return (
    <div class="nothing">
      <p>
        <strong>No requests yet.</strong> Each one appears here as it arrives. Try it:
      </p>
      <CopyLine text={command} />
      <p>
        Or <a href="#chat">ask in the chat</a>.
      </p>
    </div>
  )
}
