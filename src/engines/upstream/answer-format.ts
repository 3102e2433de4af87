/**
 * Whether an upstream answers with events or with JSON. Its content type tells, unless a stream is
 * called something else: Go takes text/plain for what nobody named, Flask text/html, Express nothing.
 * Then the first bytes tell.
 */
import type { Fetched, Packet, PacketReader, TakePacket } from '../../platform/fetch.ts'
import { concat } from '../../util/bytes.ts'
import { isJson, mediaType } from './json-body.ts'

export interface DetectedAnswer {
  format: 'events' | 'json' | 'other'
  /** The answer, to be read from its beginning. */
  response: Fetched
  /** Whether the content type says something else. */
  hasWrongType: boolean
}

/** Bytes that tell the two apart, white space and a byte order mark left out. */
const BYTES_NEEDED = 6
/** Bytes that are looked at, at most. */
const MAX_BYTES = 1024

const decoder = new TextDecoder()

/** `streams`: whether a stream was asked for. */
export async function detectFormat(response: Fetched, streams: boolean): Promise<DetectedAnswer> {
  const type = mediaType(response)
  if (response.body === null) return { format: 'json', response, hasWrongType: false }
  if (type === 'text/event-stream') return { format: 'events', response, hasWrongType: false }
  if (isJson(type) && !streams) return { format: 'json', response, hasWrongType: false }
  const reader = response.body.getReader()
  const { packets, text } = await readBeginning(reader)
  const format = formatOfText(text, streams)
  const hasWrongType = format === 'events' || !isJson(type)
  return { format, response: withReplayedPackets(response, reader, packets), hasWrongType }
}

function formatOfText(text: string, streams: boolean): DetectedAnswer['format'] {
  if (/^(data|event|id|retry)\s*:|^:/.test(text)) return 'events'
  if (text.startsWith('{')) return 'json'
  // What is broken off is told by whoever reads on.
  return text === '' && streams ? 'events' : 'other'
}

/** A packet, or why none could be read, which is told again to whoever reads on. */
type ReadPacket = () => Promise<Packet>

async function readBeginning(
  reader: PacketReader,
): Promise<{ packets: ReadPacket[]; text: string }> {
  const packets: ReadPacket[] = []
  const parts: Uint8Array<ArrayBuffer>[] = []
  let text = ''
  for (let length = 0; text.length < BYTES_NEEDED && length < MAX_BYTES; ) {
    const reading = reader.read()
    packets.push(() => reading)
    const packet = await reading.catch(() => undefined)
    if (packet === undefined || packet.done) break
    parts.push(packet.value)
    length += packet.value.length
    text = decoder.decode(concat(parts).subarray(0, MAX_BYTES)).trimStart()
  }
  return { packets, text }
}

function withReplayedPackets(
  response: Fetched,
  reader: PacketReader,
  packets: ReadPacket[],
): Fetched {
  const { status, ok, headers } = response
  const again: PacketReader = {
    read: () => packets.shift()?.() ?? reader.read(),
    cancel: (reason) => reader.cancel(reason),
    ...(reader.forEachPacket && {
      forEachPacket: (take) => replayThenForward(reader, packets, take),
    }),
  }
  const body = { getReader: () => again, cancel: () => reader.cancel() }
  return { status, ok, headers, body }
}

/** First what was read already, each packet when the one before it was taken; then all that comes. */
async function replayThenForward(
  reader: PacketReader,
  packets: ReadPacket[],
  take: TakePacket,
): Promise<void> {
  for (let read = packets.shift(); read !== undefined; read = packets.shift()) {
    const packet = await read()
    if (packet.done) return
    // Whoever takes a packet tells of its own failures.
    await take(packet.value)?.catch(() => {})
  }
  await reader.forEachPacket?.(take)
}
