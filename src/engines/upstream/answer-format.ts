/**
 * Whether an upstream answers with events or with JSON. Its content type tells, unless a stream is
 * called something else: Go takes text/plain for what nobody named, Flask text/html, Express nothing.
 * Then the first bytes tell.
 */
import type { Fetched, Packet, PacketReader, TakePacket } from '../../platform/fetch.ts'
import { concat } from '../../stream/event-reader.ts'
import { essence, isJson } from './json-body.ts'

export interface Answer {
  form: 'events' | 'json' | 'other'
  /** The answer, to be read from its beginning. */
  response: Fetched
  /** Whether the content type says something else. */
  isMisnamed: boolean
}

/** Bytes that tell the two apart, white space and a byte order mark left out. */
const ENOUGH = 6
/** Bytes that are looked at, at most. */
const MOST = 1024

const decoder = new TextDecoder()

/** `streams`: whether a stream was asked for. */
export async function formOf(response: Fetched, streams: boolean): Promise<Answer> {
  const type = essence(response)
  if (response.body === null) return { form: 'json', response, isMisnamed: false }
  if (type === 'text/event-stream') return { form: 'events', response, isMisnamed: false }
  if (isJson(type) && !streams) return { form: 'json', response, isMisnamed: false }
  const reader = response.body.getReader()
  const { packets, text } = await firstOf(reader)
  const form = formOfText(text, streams)
  const isMisnamed = form === 'events' || !isJson(type)
  return { form, response: replayed(response, reader, packets), isMisnamed }
}

function formOfText(text: string, streams: boolean): Answer['form'] {
  if (/^(data|event|id|retry)\s*:|^:/.test(text)) return 'events'
  if (text.startsWith('{')) return 'json'
  // What is broken off is told by whoever reads on.
  return text === '' && streams ? 'events' : 'other'
}

/** A packet, or why none could be read, which is told again to whoever reads on. */
type Read = () => Promise<Packet>

async function firstOf(reader: PacketReader): Promise<{ packets: Read[]; text: string }> {
  const packets: Read[] = []
  const parts: Uint8Array<ArrayBuffer>[] = []
  let text = ''
  for (let length = 0; text.length < ENOUGH && length < MOST; ) {
    const reading = reader.read()
    packets.push(() => reading)
    const packet = await reading.catch(() => undefined)
    if (packet === undefined || packet.done) break
    parts.push(packet.value)
    length += packet.value.length
    text = decoder.decode(concat(parts).subarray(0, MOST)).trimStart()
  }
  return { packets, text }
}

function replayed(response: Fetched, reader: PacketReader, packets: Read[]): Fetched {
  const { status, ok, headers } = response
  const again: PacketReader = {
    read: () => packets.shift()?.() ?? reader.read(),
    cancel: (reason) => reader.cancel(reason),
    ...(reader.forEachPacket && { forEachPacket: (take) => handOver(reader, packets, take) }),
  }
  const body = { getReader: () => again, cancel: () => reader.cancel() }
  return { status, ok, headers, body }
}

/** First what was read already, each packet when the one before it was taken; then all that comes. */
async function handOver(reader: PacketReader, packets: Read[], take: TakePacket): Promise<void> {
  for (let read = packets.shift(); read !== undefined; read = packets.shift()) {
    const packet = await read()
    if (packet.done) return
    // Whoever takes a packet tells of its own failures.
    await take(packet.value)?.catch(() => {})
  }
  await reader.forEachPacket?.(take)
}
