/** A controller of its own: a stream the contract ends is let go though its client has not left. */
export function controlUnder(signal: AbortSignal): AbortController {
  const control = new AbortController()
  const abort = () => control.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return control
}
