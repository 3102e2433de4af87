/** Shows the bytes of answers that are no streams to those who see the bytes of their exchange. */
import type { Exchange } from '../stream/exchange.ts'

/**
 * The same response, after the taps of its exchange have seen it. What writes a stream shows that itself.
 * Without taps nothing is read.
 */
export async function shownAnswer(
  response: Response,
  exchange: Exchange | undefined,
): Promise<Response> {
  const isShown = exchange !== undefined && exchange.taps.length > 0
  if (!isShown || exchange.writer !== undefined || response.body === null) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const now = performance.now()
  for (const tap of exchange.taps) tap.onSent?.([bytes], now)
  const { status, headers } = response
  return new Response(bytes, { status, headers })
}
