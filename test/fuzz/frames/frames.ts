import { EventReader } from '../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../src/stream/event-sinks.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { EventScanner } from '../../../src/wire/sse/sse.ts'
import { bytesOf, packetsOf } from '../bytes.ts'
import { requireEqual } from '../equal.ts'
import { target } from '../target.ts'
import { parseEventStream } from './event-stream.ts'
import { type FramesInput, framesInput } from './generate.ts'

type Bytes = Uint8Array<ArrayBuffer>

export const frames = target({
  name: 'frames',
  about:
    'events read in any packets (EventScanner) against the format as HTML words it, and frames proven by comparison (EventReader) against the same frames parsed',
  short: 3_000,
  input: framesInput,
  check: checkFrames,
})

function checkFrames({ stream, cuts, isBytewise }: FramesInput): void {
  const bytes = () => bytesOf(stream)
  const packets = (): Bytes[] =>
    isBytewise ? Array.from(bytes(), (byte) => Uint8Array.of(byte)) : packetsOf(bytes(), cuts)
  requireEqual(scan(packets()), parseEventStream(bytes()), 'events in packets')
  const parsed = read([bytes()], false)
  requireEqual(read([bytes()], true), parsed, 'compared and in one packet, against parsed')
  requireEqual(read(packets(), true), parsed, 'compared and in packets, against parsed')
}

/** The events that our scanner finds, up to the first that is not UTF-8. */
function scan(packets: Bytes[]) {
  const scanner = new EventScanner()
  const events: ReturnType<typeof parseEventStream> = []
  for (const packet of packets) {
    scanner.push(packet)
    while (scanner.next()) {
      try {
        const { data, event } = scanner.fields()
        if (scanner.plain) requireEqual(scanner.plainData(), data, 'the data of a plain event')
        if (data !== undefined) events.push({ data, event })
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        return [...events, 'invalid' as const]
      }
    }
  }
  return events
}

/** Everything that a stream comes to: its frames, how it ended, and what was repaired and counted. */
function read(packets: Bytes[], compares: boolean) {
  const contract = new ChatContract({
    label: 'gpu',
    source: 'upstream',
    usageRequested: true,
    usage: true,
    choices: 1,
  })
  const sink = new FrameSink()
  const reader = new EventReader(contract, sink, compares)
  let written = ''
  const take = () => {
    for (const piece of sink.take() ?? []) written += Buffer.from(piece).toString('latin1')
  }
  for (const packet of packets) {
    reader.push(packet)
    take()
    if (reader.ended || reader.failure) break
  }
  reader.close('end')
  take()
  const { failure, ended } = reader
  return {
    written: withoutRandom(written),
    ended,
    failure: failure && { code: failure.code, message: failure.message },
    tokens: contract.tokens,
    repaired: [...contract.repaired].sort(),
    usage: contract.usage,
  }
}

/** Ids and times that sluice made, as they differ from one reading to the next. */
function withoutRandom(written: string): string {
  return written
    .replace(/(call|chatcmpl)[_-][\da-f-]{32,36}/g, '$1_id')
    .replace(/"created":\d+/g, '"created":0')
}
