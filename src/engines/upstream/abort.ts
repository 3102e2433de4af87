import type { Fetched } from '../../platform/fetch.ts'
import { forwardedHeaders } from './json-body.ts'

/** A controller of its own: a stream the contract ends is let go though its client has not left. */
export function linkedController(signal: AbortSignal): AbortController {
  const control = new AbortController()
  const abort = () => control.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return control
}

/** The answer as it is read, with the headers that a client may see. Stops the upstream where that fails. */
export async function abortOnFailure<T extends object>(
  response: Fetched,
  control: AbortController,
  answering: Promise<T>,
): Promise<T & { headers: Record<string, string> }> {
  try {
    return { ...(await answering), headers: forwardedHeaders(response) }
  } catch (error) {
    control.abort(error)
    throw error
  }
}
