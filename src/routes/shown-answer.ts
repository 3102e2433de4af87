/** Shows the bytes of answers that are no streams to those who see the bytes of their requests. */
import type { Trace } from './trace.ts'

/**
 * The same response, after those who see the bytes of its request have seen it. What writes a stream shows
 * that itself. Where nobody does, nothing is read.
 */
export async function shownAnswer(
  response: Response,
  { exchange, tap }: Pick<Trace, 'exchange' | 'tap'>,
): Promise<Response> {
  const taps = exchange?.taps ?? (tap ? [tap] : [])
  const isStream = exchange?.writer !== undefined || isEvents(response)
  if (taps.length === 0 || isStream || response.body === null) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const now = performance.now()
  for (const each of taps) each.onSent?.([bytes], now)
  const { status, headers } = response
  return new Response(bytes, { status, headers })
}

/** The events of a response in the background: they go on while nobody waits for them. */
function isEvents({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}
