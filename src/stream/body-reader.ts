import type { Fetched, Packet, PacketReader } from '../platform/fetch.ts'
import { within } from '../util/with-timeout.ts'
import type { StreamContract, StreamEnd } from '../wire/contract/chat.ts'
import type { FrameStream } from './chat-stream.ts'
import { EventReader } from './event-reader.ts'
import { ChunkSink, type EventSink, FrameSink } from './event-sinks.ts'

/** Milliseconds an upstream that has said all has for its `[DONE]`: some never end their stream. */
const TO_END = 5000

/** How much of a body is still read after `[DONE]`, so that its connection can be used again. */
const AFTER_DONE = { packets: 16, ms: 1000 }

type Body = NonNullable<Fetched['body']>

/** Takes what a packet brought; the promise it may return holds the next ones back. */
type Take<Batch> = (batch: Batch) => Promise<unknown> | undefined

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
): Pick<FrameStream, 'items' | 'forEachPacket'> {
  const sink = new FrameSink(isNamed)
  const events = new EventReader(contract, sink, compare, isNamed)
  const items = new BodyReader(body, contract, events, sink, control)
  return items.forwardsPackets
    ? { items, forEachPacket: (take) => items.forEachPacket(take) }
    : { items }
}

/** The same as chunks, one batch a packet. */
export function readChunks<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
): AsyncIterator<T[], void, void> {
  const sink = new ChunkSink<T>()
  const events = new EventReader(contract, sink, false)
  return new BodyReader(body, contract, events, sink, control)
}

/** A body's packets, judged; what each brought is pulled by `next` or poured. */
class BodyReader<T, Batch> implements AsyncIterator<Batch, void, void> {
  readonly #reader: PacketReader
  readonly #contract: StreamContract<T>
  readonly #events: EventReader<T>
  readonly #sink: EventSink<T> & { take(): Batch | undefined }
  readonly #control: AbortController
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    body: Body,
    contract: StreamContract<T>,
    events: EventReader<T>,
    sink: EventSink<T> & { take(): Batch | undefined },
    control: AbortController,
  ) {
    this.#reader = body.getReader()
    this.#contract = contract
    this.#events = events
    this.#sink = sink
    this.#control = control
    control.signal.addEventListener('abort', this)
  }

  /** Deno keeps a connection open that is not being read from, though its fetch was aborted. */
  handleEvent(): void {
    this.#reader.cancel(this.#control.signal.reason).catch(() => {})
  }

  /** Whether the body gives its packets in the moment they come. */
  get forwardsPackets(): boolean {
    return this.#reader.forEachPacket !== undefined
  }

  /** One read a pull. */
  async next(): Promise<IteratorResult<Batch, void>> {
    for (;;) {
      const value = this.#sink.take()
      if (value !== undefined) return { value, done: false }
      const { failure, ended } = this.#events
      if (failure !== undefined) {
        this.#control.abort(failure)
        throw failure
      }
      if (ended) return { value: undefined, done: true }
      await this.#read()
    }
  }

  async return(): Promise<IteratorResult<Batch, void>> {
    this.#control.abort()
    return { value: undefined, done: true }
  }

  async #read(): Promise<void> {
    const { signal } = this.#control
    try {
      const reading = this.#reader.read()
      this.#receive(this.#contract.isComplete ? await within(TO_END, reading) : await reading)
    } catch {
      if (signal.aborted) throw signal.reason
      this.#events.close('reset')
    }
  }

  /** Undefined: the upstream has said all, and keeps the stream open for nothing. */
  #receive(packet: Packet | undefined): void {
    const { signal } = this.#control
    if (signal.aborted) throw signal.reason
    if (packet !== undefined && !packet.done) {
      this.#events.push(packet.value)
      if (this.#events.ended) void this.#drain()
      return
    }
    this.#events.close('end')
    if (packet === undefined) this.#control.abort()
  }

  /** A body left unread holds its connection; one that does not end is let go. */
  async #drain(): Promise<void> {
    this.#letGoLater()
    try {
      for (let packets = 0; packets < AFTER_DONE.packets; packets++) {
        if ((await this.#reader.read()).done) return
      }
      this.#control.abort()
    } catch {
      // It is let go either way.
    } finally {
      clearTimeout(this.#timer)
    }
  }

  #letGoLater(): void {
    this.#timer = setTimeout(() => this.#control.abort(), AFTER_DONE.ms)
  }

  /** All that is still to come, each packet in the moment it arrives. */
  forEachPacket(take: Take<Batch>): Promise<void> {
    const done = Promise.withResolvers<void>()
    const { ended, failure } = this.#events
    if (ended || failure !== undefined) this.#pass(take, done)
    void this.#follow(take, done)
    return done.promise
  }

  async #follow(take: Take<Batch>, done: PromiseWithResolvers<void>): Promise<void> {
    const { signal } = this.#control
    const ending = await this.#reader
      .forEachPacket?.((packet) => this.#judge(packet, take, done))
      .then(cleanly, brokenOff)
    if (ending === 'reset' && signal.aborted) done.reject(signal.reason)
    else this.#close(ending ?? 'end', take, done)
    clearTimeout(this.#timer)
  }

  #judge(
    packet: Uint8Array<ArrayBuffer>,
    take: Take<Batch>,
    done: PromiseWithResolvers<void>,
  ): Promise<unknown> | undefined {
    const events = this.#events
    if (events.ended || events.failure !== undefined) return undefined
    events.push(packet)
    return this.#pass(take, done)
  }

  /** Gives on what was judged, then tells how it ended, if it did. */
  #pass(take: Take<Batch>, done: PromiseWithResolvers<void>): Promise<unknown> | undefined {
    const { failure, ended } = this.#events
    const batch = this.#sink.take()
    const taking = batch && take(batch)
    if (failure !== undefined) {
      this.#control.abort(failure)
      done.reject(failure)
    } else if (ended) done.resolve()
    clearTimeout(this.#timer)
    // A body that goes on for nothing holds its connection.
    if (ended) this.#letGoLater()
    else if (this.#contract.isComplete) {
      this.#timer = setTimeout(() => this.#close('end', take, done), TO_END)
    }
    return taking
  }

  #close(ending: StreamEnd, take: Take<Batch>, done: PromiseWithResolvers<void>): void {
    try {
      this.#events.close(ending)
      this.#pass(take, done)
    } catch (error) {
      // It may be called by a timer, to which nothing may be thrown.
      done.reject(error)
    }
  }
}

const cleanly = () => 'end' as const
const brokenOff = () => 'reset' as const
