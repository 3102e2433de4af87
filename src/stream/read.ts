import type { Fetched, Packet, PacketReader } from '../host.ts'
import type { Ending, StreamContract } from '../wire/contract.ts'
import type { FrameStream, TakeFrames } from './chat-stream.ts'
import { EventReader } from './frames.ts'
import { ChunkSink, type EventSink, FrameSink } from './sinks.ts'
import { within } from './within.ts'

/** Milliseconds an upstream that has said all has for its `[DONE]`: some never end their stream. */
const TO_END = 5000

/** How much of a body is still read after `[DONE]`, so that its connection can be used again. */
const AFTER_DONE = { packets: 16, ms: 1000 }

type Body = NonNullable<Fetched['body']>

/**
 * An upstream's body as frames that obey the contract. `control` is the one its fetch was made
 * with: a body is let go by aborting it. `compare`: whether they are a chat's or a text completion's,
 * most of which need no parsing. `isNamed`: whether they name their event by its `type`. `next`
 * rejects with the `ApiError` that ends the stream.
 */
export function readFrames<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
  compare: boolean,
  isNamed: boolean = false,
): Pick<FrameStream, 'items' | 'pour'> {
  const sink = new FrameSink(isNamed)
  const events = new EventReader(contract, sink, compare, isNamed)
  const reader = openBody(body, control)
  const items = pull(reader, contract, events, sink, control)
  if (reader.each === undefined) return { items }
  const each = reader.each.bind(reader)
  return { items, pour: (take) => pour(each, take, contract, events, sink, control) }
}

/** The same as chunks, one batch a packet. */
export function readChunks<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
): AsyncIterator<T[], void, void> {
  const sink = new ChunkSink<T>()
  const events = new EventReader(contract, sink, false)
  return pull(openBody(body, control), contract, events, sink, control)
}

function openBody(body: Body, { signal }: AbortController): PacketReader {
  const reader = body.getReader()
  // Deno keeps a connection open that is not being read from, though its fetch was aborted.
  signal.addEventListener('abort', () => void reader.cancel(signal.reason).catch(() => {}))
  return reader
}

/** All that is still to come, each packet in the moment it arrives. */
function pour<T>(
  each: NonNullable<PacketReader['each']>,
  take: TakeFrames,
  contract: StreamContract<T>,
  events: EventReader<T>,
  sink: FrameSink,
  control: AbortController,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Gives on what was judged, then tells how it ended, if it did. */
  function pass(): Promise<unknown> | undefined {
    const frames = sink.take()
    const taking = frames && take(frames)
    if (events.failure !== undefined) {
      control.abort(events.failure)
      reject(events.failure)
    } else if (events.ended) resolve()
    clearTimeout(timer)
    // A body that goes on for nothing holds its connection.
    if (events.ended) timer = setTimeout(() => control.abort(), AFTER_DONE.ms)
    else if (contract.isComplete) timer = setTimeout(close, TO_END, 'end')
    return taking
  }

  function close(ending: Ending): void {
    events.close(ending)
    pass()
  }

  function judge(packet: Uint8Array<ArrayBuffer>): Promise<unknown> | undefined {
    if (events.ended || events.failure !== undefined) return undefined
    events.push(packet)
    return pass()
  }

  if (events.ended || events.failure !== undefined) pass()
  each(judge)
    .then(
      () => close('end'),
      () => (control.signal.aborted ? reject(control.signal.reason) : close('reset')),
    )
    .finally(() => clearTimeout(timer))
  return promise
}

/** One read a pull. */
function pull<T, Batch>(
  reader: PacketReader,
  contract: StreamContract<T>,
  events: EventReader<T>,
  sink: EventSink<T> & { take(): Batch | undefined },
  control: AbortController,
): AsyncIterator<Batch, void, void> {
  const { signal } = control

  async function next(): Promise<IteratorResult<Batch, void>> {
    for (;;) {
      const value = sink.take()
      if (value !== undefined) return { value, done: false }
      if (events.failure !== undefined) {
        control.abort(events.failure)
        throw events.failure
      }
      if (events.ended) return { value: undefined, done: true }
      try {
        const reading = reader.read()
        receive(contract.isComplete ? await within(TO_END, reading) : await reading)
      } catch {
        if (signal.aborted) throw signal.reason
        events.close('reset')
      }
    }
  }

  /** Undefined: the upstream has said all, and keeps the stream open for nothing. */
  function receive(packet: Packet | undefined): void {
    if (signal.aborted) throw signal.reason
    if (packet !== undefined && !packet.done) {
      events.push(packet.value)
      if (events.ended) void drain()
      return
    }
    events.close('end')
    if (packet === undefined) control.abort()
  }

  /** A body left unread holds its connection; one that does not end is let go. */
  async function drain(): Promise<void> {
    const timer = setTimeout(() => control.abort(), AFTER_DONE.ms)
    try {
      for (let packets = 0; packets < AFTER_DONE.packets; packets++) {
        if ((await reader.read()).done) return
      }
      control.abort()
    } catch {
      // It is let go either way.
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    next,
    async return() {
      control.abort()
      return { value: undefined, done: true }
    },
  }
}
