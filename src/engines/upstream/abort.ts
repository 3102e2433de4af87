import type { Fetched } from '../../platform/fetch.ts'
import { engineStopped, stopsWith } from '../../stream/engine-stop.ts'
import { forwardedHeaders } from './json-body.ts'

/**
 * A controller that aborts when `signal` does, and that the contract can also abort by itself to
 * close an upstream's connection while the client is still there.
 */
export function linkedController(signal: AbortSignal): AbortController {
  const control = new AbortController()
  const abort = () => {
    // Not before: a small garbage collection frees nothing that is the key of a `WeakMap`.
    stopsWith(signal, control.signal)
    control.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return control
}

/**
 * Adds the forwarded headers to an answer. Aborts the upstream's request where reading it fails.
 */
export async function abortOnFailure<T extends object>(
  response: Fetched,
  control: AbortController,
  answer: Promise<T>,
): Promise<T & { headers: Record<string, string> }> {
  try {
    return { ...(await answer), headers: forwardedHeaders(response) }
  } catch (error) {
    // Where it was aborted, reading it ended with its connection.
    engineStopped(control.signal)
    control.abort(error)
    throw error
  }
}
