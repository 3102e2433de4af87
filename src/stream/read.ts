import type { Fetched, Packet } from '../host.ts'
import type { ChatChunk } from '../wire/chat.ts'
import type { ChatContract } from '../wire/contract.ts'
import { ChunkSink, EventReader, type EventSink, FrameSink } from './frames.ts'
import { within } from './within.ts'

/** Milliseconds an upstream that has said all has for its `[DONE]`: some never end their stream. */
const TO_END = 5000

/** How much of a body is still read after `[DONE]`, so that its connection can be used again. */
const AFTER_DONE = { packets: 16, ms: 1000 }

type Body = NonNullable<Fetched['body']>

/**
 * An upstream's body as frames that obey the contract. `control` is the one its fetch was made
 * with: a body is let go by aborting it. `next` rejects with the `ApiError` that ends the stream.
 */
export function readFrames(
  body: Body,
  contract: ChatContract,
  control: AbortController,
): AsyncIterator<Uint8Array<ArrayBuffer>, void, void> {
  const sink = new FrameSink()
  return pull(body, contract, new EventReader(contract, sink, true), sink, control)
}

/** The same as chunks, one batch a packet. */
export function readChunks(
  body: Body,
  contract: ChatContract,
  control: AbortController,
): AsyncIterator<ChatChunk[], void, void> {
  const sink = new ChunkSink()
  return pull(body, contract, new EventReader(contract, sink, false), sink, control)
}

/** One read a pull. */
function pull<T>(
  body: Body,
  contract: ChatContract,
  events: EventReader,
  sink: EventSink & { take(): T | undefined },
  control: AbortController,
): AsyncIterator<T, void, void> {
  const { signal } = control
  const reader = body.getReader()
  // Deno keeps a connection open that is not being read from, though its fetch was aborted.
  signal.addEventListener('abort', () => void reader.cancel(signal.reason).catch(() => {}))

  async function next(): Promise<IteratorResult<T, void>> {
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
