import { regenerate } from '../send.ts'
import { isStreaming, type Said } from '../state.ts'

/** What to do, by the error's code: for those whose message does not say it. */
const REMEDIES: [codes: RegExp, remedy: string][] = [
  [
    /^connection_failed$/,
    'The server did not answer, or the connection was lost. Check that it runs, then retry.',
  ],
  [
    /^stream_incomplete$|truncated|incomplete$/,
    'The model’s server stopped in the middle. Its own log says why; retry asks again.',
  ],
  [/api_key|^authentication|^401$/, 'Enter a key that this server accepts, beside the models.'],
  [/^model_not_(found|loaded|allowed)|^404$/, 'Choose another model in the list.'],
  [/rate_limit|quota|^429$/, 'Wait for a while, then retry; the view Keys says what is left.'],
  [
    /context_length|^request_too_large$|^413$/,
    'Start a new conversation, shorten this one, or remove images.',
  ],
  [
    /unreachable|unavailable|^engine_|^upstream_|timeout|^50\d$/,
    'Check that the model’s server runs; the view Engines says what sluice knows of it.',
  ],
]

/** The error that ended an answer: its code, the API's message, and what to do. */
export function Failure({
  said: { error, code, help },
  canRetry,
}: {
  said: Said
  canRetry: boolean
}) {
  if (error === undefined) return null
  const remedy = REMEDIES.find(([codes]) => code !== undefined && codes.test(code))?.[1]
  return (
    <div class="failure" role="alert">
      <p class="error">
        {code && <code>{code}</code>} {error}
      </p>
      {remedy && <p>{remedy}</p>}
      <p class="actions">
        {canRetry && !isStreaming.value && (
          <button type="button" onClick={() => void regenerate()}>
            Retry
          </button>
        )}
        {help !== undefined && /^https?:/.test(help) && (
          <a href={help} target="_blank" rel="noopener noreferrer">
            About this error
          </a>
        )}
      </p>
    </div>
  )
}
