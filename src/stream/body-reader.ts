import type { Fetched, Packet, PacketReader } from '../platform/fetch.ts'
import { withTimeout } from '../util/with-timeout.ts'
import type { StreamContract, StreamEnd } from '../wire/contract/chat.ts'
import type { FrameStream, TakeFrames } from './chat-stream.ts'
import { engineStopped } from './engine-stop.ts'
import { EventReader } from './event-reader.ts'
import { ChunkSink, type EventSink, FrameSink, LineSink, type PacketEvents } from './event-sinks.ts'
import { LineReader } from './line-reader.ts'

/**
 * Milliseconds an upstream has to send `[DONE]` after its last chunk: some never end the stream.
 */
const DONE_TIMEOUT = 5000

/**
 * How much of a body is read after `[DONE]`: a body read to its end frees the connection for reuse.
 */
const DRAIN_LIMITS = { packets: 16, ms: 1000 }

type Body = NonNullable<Fetched['body']>

/** Takes the result of one packet. Further packets wait for the promise it may return. */
type TakeBatch<Batch> = (batch: Batch) => Promise<unknown> | undefined

/**
 * An upstream's body as frames that obey the contract. `control` is the controller of its fetch,
 * which is aborted to close the connection. `compares`: whether frames may be proven by comparison,
 * as those of chats and text completions can. `hasEventNames`: whether each frame needs an `event:`
 * line with its `type`. `next` rejects with the `ApiError` that ends the stream.
 */
export function readFrames<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
  compares: boolean,
  hasEventNames: boolean = false,
): Pick<FrameStream, 'items' | 'forEachPacket'> {
  const sink = new FrameSink(hasEventNames)
  const events = new EventReader(contract, sink, compares, hasEventNames)
  return asFrames(new BodyReader(body, contract, events, sink, control))
}

/** The same for a body of JSON lines. */
export function readLines<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
): Pick<FrameStream, 'items' | 'forEachPacket'> {
  const sink = new LineSink()
  return asFrames(new BodyReader(body, contract, new LineReader(contract, sink), sink, control))
}

function asFrames<T>(items: BodyReader<T, Uint8Array<ArrayBuffer>[]>) {
  return items.forwardsPackets
    ? { items, forEachPacket: (take: TakeFrames) => items.forEachPacket(take) }
    : { items }
}

/** Like `readFrames`, as parsed chunks: one batch per packet. */
export function readChunks<T>(
  body: Body,
  contract: StreamContract<T>,
  control: AbortController,
): AsyncIterator<T[], void, void> {
  const sink = new ChunkSink<T>()
  const events = new EventReader(contract, sink, false)
  return new BodyReader(body, contract, events, sink, control)
}

/**
 * Reads a body packet by packet through what finds its events; the results are pulled by `next` or
 * pushed.
 */
class BodyReader<T, Batch> implements AsyncIterator<Batch, void, void> {
  readonly #reader: PacketReader
  readonly #contract: StreamContract<T>
  readonly #events: PacketEvents
  readonly #sink: EventSink<T> & { take(): Batch | undefined }
  readonly #control: AbortController
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    body: Body,
    contract: StreamContract<T>,
    events: PacketEvents,
    sink: EventSink<T> & { take(): Batch | undefined },
    control: AbortController,
  ) {
    this.#reader = body.getReader()
    this.#contract = contract
    this.#events = events
    this.#sink = sink
    this.#control = control
    // A function, as in `Connection`.
    control.signal.addEventListener('abort', () => this.#stop())
  }

  /** On abort. The runtimes close the connection themselves; a fetch of one's own may ignore its signal. */
  #stop(): void {
    const { signal } = this.#control
    const stopped = () => engineStopped(signal)
    this.#reader.cancel(signal.reason).then(stopped, stopped)
  }

  /** Whether the body can push each packet as it arrives. */
  get forwardsPackets(): boolean {
    return this.#reader.forEachPacket !== undefined
  }

  /** Reads until a packet has a result. */
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
      this.#handlePacket(
        this.#contract.isComplete ? await withTimeout(DONE_TIMEOUT, reading) : await reading,
      )
    } catch {
      if (signal.aborted) throw signal.reason
      this.#events.close('reset')
    }
  }

  /**
   * `packet` is undefined where the upstream sent its last chunk and then missed `DONE_TIMEOUT`.
   */
  #handlePacket(packet: Packet | undefined): void {
    const { signal } = this.#control
    if (signal.aborted) throw signal.reason
    if (packet !== undefined && !packet.done) {
      this.#reader.onTaken?.(packet.value)
      this.#events.push(packet.value)
      if (this.#events.ended) void this.#drain()
      return
    }
    this.#events.close('end')
    if (packet === undefined) this.#control.abort()
  }

  /** Reads on after `[DONE]`, within limits, to free the connection for reuse; then aborts. */
  async #drain(): Promise<void> {
    this.#abortLater()
    try {
      for (let packets = 0; packets < DRAIN_LIMITS.packets; packets++) {
        if ((await this.#reader.read()).done) return
      }
      this.#control.abort()
    } catch {
      // The connection is closed in either case.
    } finally {
      clearTimeout(this.#timer)
    }
  }

  #abortLater(): void {
    this.#timer = setTimeout(() => this.#control.abort(), DRAIN_LIMITS.ms)
  }

  /** Pushes the results of all further packets, each as it arrives. */
  forEachPacket(take: TakeBatch<Batch>): Promise<void> {
    const done = Promise.withResolvers<void>()
    const { ended, failure } = this.#events
    if (ended || failure !== undefined) this.#handOver(take, done)
    void this.#forwardPackets(take, done)
    return done.promise
  }

  async #forwardPackets(take: TakeBatch<Batch>, done: PromiseWithResolvers<void>): Promise<void> {
    const { signal } = this.#control
    const ending = await this.#reader
      .forEachPacket?.((packet) => this.#handleForwarded(packet, take, done))
      .then(endedNormally, wasReset)
    if (ending === 'reset' && signal.aborted) done.reject(signal.reason)
    else this.#close(ending ?? 'end', take, done)
    clearTimeout(this.#timer)
  }

  #handleForwarded(
    packet: Uint8Array<ArrayBuffer>,
    take: TakeBatch<Batch>,
    done: PromiseWithResolvers<void>,
  ): Promise<unknown> | undefined {
    const events = this.#events
    if (events.ended || events.failure !== undefined) return undefined
    this.#reader.onTaken?.(packet)
    events.push(packet)
    return this.#handOver(take, done)
  }

  /** Gives the results to `take`, then settles `done` if the stream has ended. */
  #handOver(
    take: TakeBatch<Batch>,
    done: PromiseWithResolvers<void>,
  ): Promise<unknown> | undefined {
    const { failure, ended } = this.#events
    const batch = this.#sink.take()
    const taking = batch && take(batch)
    if (failure !== undefined) {
      this.#control.abort(failure)
      done.reject(failure)
    } else if (ended) done.resolve()
    clearTimeout(this.#timer)
    // A body that goes on after its end would occupy its connection.
    if (ended) this.#abortLater()
    else if (this.#contract.isComplete) {
      this.#timer = setTimeout(() => this.#close('end', take, done), DONE_TIMEOUT)
    }
    return taking
  }

  #close(ending: StreamEnd, take: TakeBatch<Batch>, done: PromiseWithResolvers<void>): void {
    try {
      this.#events.close(ending)
      this.#handOver(take, done)
    } catch (error) {
      // A timer may have called this, and an error thrown there would end the process.
      done.reject(error)
    }
  }
}

const endedNormally = () => 'end' as const
const wasReset = () => 'reset' as const
