/**
 * Detects whether an upstream answers with an event stream or with JSON: by its content type, or by
 * its first bytes where that is neither. Servers that set no type send what their framework
 * chooses: Go text/plain, Flask text/html, Express nothing.
 */
import type { Fetched, Packet, PacketReader, TakePacket } from '../../platform/fetch.ts'
import { concat } from '../../util/bytes.ts'
import { isJson, mediaType } from './json-body.ts'

export interface DetectedAnswer {
  format: 'events' | 'json' | 'other'
  /** The response, to be read from its beginning. */
  response: Fetched
  /** Whether the content type differs from the detected format. */
  hasWrongType: boolean
}

/** Characters that suffice to distinguish the formats, after white space and a byte order mark. */
const BYTES_NEEDED = 6
/** The most bytes read for the detection. */
const MAX_BYTES = 1024

const decoder = new TextDecoder()

/** `streams`: whether a stream was requested. */
export async function detectFormat(response: Fetched, streams: boolean): Promise<DetectedAnswer> {
  const type = mediaType(response)
  if (response.body === null) return { format: 'json', response, hasWrongType: false }
  if (type === 'text/event-stream') return { format: 'events', response, hasWrongType: false }
  if (isJson(type) && !streams) return { format: 'json', response, hasWrongType: false }
  const reader = response.body.getReader()
  const { packets, parts, text } = await readBeginning(reader)
  const format = formatOfText(text, streams)
  // Of another format nothing more is read, and nobody else takes what was.
  if (format === 'other') for (const part of parts) reader.onTaken?.(part)
  const hasWrongType = format === 'events' || !isJson(type)
  return { format, response: withReplayedPackets(response, reader, packets), hasWrongType }
}

function formatOfText(text: string, streams: boolean): DetectedAnswer['format'] {
  if (/^(data|event|id|retry)\s*:|^:/.test(text)) return 'events'
  if (text.startsWith('{')) return 'json'
  // An empty body is reported by the reader of the stream, as a truncated one.
  return text === '' && streams ? 'events' : 'other'
}

/** A packet that was read, or the read's rejection, to be replayed to the next reader. */
type ReadPacket = () => Promise<Packet>

async function readBeginning(
  reader: PacketReader,
): Promise<{ packets: ReadPacket[]; parts: Uint8Array<ArrayBuffer>[]; text: string }> {
  const packets: ReadPacket[] = []
  const parts: Uint8Array<ArrayBuffer>[] = []
  let text = ''
  for (let length = 0; text.length < BYTES_NEEDED && length < MAX_BYTES; ) {
    const pending = reader.read()
    packets.push(() => pending)
    const packet = await pending.catch(() => undefined)
    if (packet === undefined || packet.done) break
    parts.push(packet.value)
    length += packet.value.length
    text = decoder.decode(concat(parts).subarray(0, MAX_BYTES)).trimStart()
  }
  return { packets, parts, text }
}

function withReplayedPackets(
  response: Fetched,
  reader: PacketReader,
  packets: ReadPacket[],
): Fetched {
  const { status, ok, headers } = response
  const replaying: PacketReader = {
    read: () => packets.shift()?.() ?? reader.read(),
    cancel: (reason) => reader.cancel(reason),
    ...(reader.onTaken && { onTaken: reader.onTaken }),
    ...(reader.forEachPacket && {
      forEachPacket: (take) => replayThenForward(reader, packets, take),
    }),
  }
  const body = { getReader: () => replaying, cancel: () => reader.cancel() }
  return { status, ok, headers, body }
}

/** Pushes the packets that were read already, then lets the reader push the others itself. */
async function replayThenForward(
  reader: PacketReader,
  packets: ReadPacket[],
  take: TakePacket,
): Promise<void> {
  for (let read = packets.shift(); read !== undefined; read = packets.shift()) {
    const packet = await read()
    if (packet.done) return
    // A consumer that fails reports that itself.
    await take(packet.value)?.catch(() => {})
  }
  await reader.forEachPacket?.(take)
}
