/** Shows the bytes of an upstream's answer to the taps of the exchange that it is for. */
import type { Fetched, PacketReader } from '../../platform/fetch.ts'
import type { Tapped } from '../../stream/observer.ts'

type Body = NonNullable<Fetched['body']>

/**
 * The same answer, of which each packet is shown when it is taken. Reading it takes no further promise, so
 * that an exchange without taps, which may get one at any time, pays a call per packet.
 */
export function tappedAnswer(answer: Fetched, tapped: Tapped): Fetched {
  const { status, ok, headers, body } = answer
  const { taps } = tapped
  if (taps.length > 0) {
    const now = performance.now()
    const shown = { status, headers: [...(headers.entries?.() ?? [])] }
    for (const tap of taps) tap.onEngineResponse?.(shown, now)
  }
  return { status, ok, headers, body: body && tappedBody(body, tapped) }
}

function tappedBody(body: Body, tapped: Tapped): Body {
  return { getReader: () => tappedReader(body.getReader(), tapped), cancel: () => body.cancel() }
}

function tappedReader(reader: PacketReader, tapped: Tapped): PacketReader {
  const { forEachPacket } = reader
  return {
    read: () => reader.read(),
    cancel: (reason) => reader.cancel(reason),
    onTaken(packet) {
      const { taps } = tapped
      if (taps.length === 0) return
      const now = performance.now()
      for (const tap of taps) tap.onReceived?.(packet, now)
    },
    ...(forEachPacket && { forEachPacket: (take) => forEachPacket.call(reader, take) }),
  }
}
