/**
 * Turns an engine's stream into an SSE response: one write to the client per read of the engine,
 * heartbeats while the engine is silent, and exactly one outcome at the end.
 */

import type { BodyWriter } from '../platform/body-writer.ts'
import { joinSmall } from '../util/bytes.ts'
import { safeHeaders } from '../util/safe/headers.ts'
import { withTimeout } from '../util/with-timeout.ts'
import type { ChatContract } from '../wire/contract/chat.ts'
import { type ApiError, type DocLink, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { encodeText } from '../wire/sse/sse.ts'
import type { AnswerStream, AnyContract, ChunkOf, LiveStream, OpenedStream } from './chat-stream.ts'
import type { Exchange } from './exchange.ts'
import { Heartbeat } from './heartbeat.ts'
import { limitLastRead } from './limit-last-read.ts'
import { errorOf, type Outcome } from './outcome.ts'
import type { StreamWriter } from './stream-writer.ts'
import { transformWriter } from './transform-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** How a dialect writes a stream. Each returned text is one or more complete frames. */
export interface StreamEncoder<C extends AnyContract = ChatContract> {
  /** The content type of what it writes; an event stream's by default. */
  contentType?: string
  chunks(chunks: ChunkOf<C>[]): string
  /** The frames that end a finished stream. */
  done(): string
  /** The frame that ends a failed stream. `docs`: where its code is explained. */
  error(error: ApiError, docs?: DocLink): string
  /** A heartbeat before the first event; it may report progress. */
  ping(progress?: string): string
  /** Written before the first event after a heartbeat; may be empty. */
  opening(stream: LiveStream<C> | undefined): string
  /** A heartbeat between two events; empty where the stream allows none any more. */
  idle(stream: LiveStream<C>): string
  /** Whether `ping` reports progress: it is then also sent when the progress changes. */
  reportsProgress?: boolean
}

export interface StreamSettings {
  /** Milliseconds for which the response headers wait for the engine's first chunk. */
  headerWait: number
  /** Milliseconds without a write before a heartbeat. */
  heartbeat: number
  /** Milliseconds a client may take to read the end of its stream. */
  clientTimeout: number
  /** Creates the writer for forwarded frames, for which a host may have a faster path. */
  frameWriter: () => BodyWriter
}

/** Where a stream is written. */
export interface StreamBody extends Omit<BodyWriter, 'respond'> {
  /** Takes a heartbeat, where that is nothing to be written like the rest. */
  heartbeat?(bytes: Bytes): void
}

/** The fewest milliseconds between two heartbeats that report progress. */
const PROGRESS_INTERVAL = 500

/**
 * Responds with a stream. Rejects with an `ApiError` before the headers are sent, so that the
 * failure has a true HTTP status; after that a failure is the stream's last frame.
 */
export async function streamResponse<C extends AnyContract>(
  exchange: Exchange,
  opening: Promise<OpenedStream<C>>,
  encoder: StreamEncoder<C>,
  settings: StreamSettings,
): Promise<Response> {
  exchange.isStream = true
  opening.catch(() => {})
  const early = await exchange.untilEnd(withTimeout(settings.headerWait, opening))
  const body = early?.stream.kind === 'frames' ? settings.frameWriter() : transformWriter()
  const writer = new ResponseWriter(exchange, encoder, settings, body)
  if (early === undefined) writer.sendHeartbeat()
  void writer.run(opening)
  const { contentType } = encoder
  const headers = {
    ...SSE_HEADERS,
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...safeHeaders(early?.stream.headers),
  }
  return body.respond({ headers })
}

/** `no-transform` and `x-accel-buffering` keep proxies from holding a stream back. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * Writes a stream into a body that is not a response, such as the log of one that can be resumed. Never
 * throws. `hasBegun`: its first chunk is there, so that it needs no heartbeat first.
 */
export function writeStream<C extends AnyContract>(
  exchange: Exchange,
  opening: Promise<OpenedStream<C>>,
  encoder: StreamEncoder<C>,
  settings: StreamSettings,
  body: StreamBody,
  hasBegun = false,
): void {
  exchange.isStream = true
  const writer = new ResponseWriter(exchange, encoder, settings, body)
  if (exchange.outcome === undefined && !hasBegun) writer.sendHeartbeat()
  void writer.run(opening)
}

/** Waits for the first batch of an engine's answer. Rejects with what ends it before that. */
export async function openStream<C extends AnyContract>(
  exchange: Exchange,
  answer: Promise<AnswerStream<C>>,
  signal: AbortSignal,
): Promise<OpenedStream<C>> {
  const stream = await answer
  // This attempt was aborted meanwhile, and another engine is tried.
  signal.throwIfAborted()
  if (stream.kind === 'whole')
    throw new TypeError(
      'an engine answered a stream request with a complete answer; it must return chunks or frames',
    )
  exchange.begin(stream)
  return { stream, first: await stream.items.next() }
}

/** Writes one stream to one client. */
class ResponseWriter<C extends AnyContract> implements StreamWriter {
  readonly #exchange: Exchange
  readonly #encoder: StreamEncoder<C>
  readonly #body: StreamBody
  readonly #heartbeat: Heartbeat
  readonly #clientTimeout: number
  #stream: LiveStream<C> | undefined
  /** Writes that the client has not read yet. */
  #unread = 0
  #hasWritten = false
  /** The progress in the last heartbeat. */
  #lastProgress: string | undefined

  constructor(
    exchange: Exchange,
    encoder: StreamEncoder<C>,
    settings: StreamSettings,
    body: StreamBody,
  ) {
    this.#exchange = exchange
    this.#encoder = encoder
    this.#body = body
    this.#heartbeat = new Heartbeat(settings.heartbeat)
    this.#clientTimeout = settings.clientTimeout
    // The readable side was cancelled: the client hung up.
    exchange.delivered = body.closed.then(() => {}, exchange.cancel)
    exchange.writer = this
    if (exchange.outcome !== undefined) this.stop(exchange.outcome)
  }

  async run(opening: Promise<OpenedStream<C>>): Promise<void> {
    const exchange = this.#exchange
    try {
      const { stream, first } = await opening
      this.#stream = stream
      if (!first.done) await this.#deliverOnce(stream, first)
      if (exchange.outcome === undefined && !first.done) await this.#deliverRest(stream)
      if (exchange.outcome === undefined) this.#finish(this.#opening())
    } catch (error) {
      exchange.fail(toApiError(error))
    }
  }

  /** Delivers everything after the first batch. */
  async #deliverRest(stream: LiveStream<C>): Promise<void> {
    if (stream.kind === 'frames' && stream.forEachPacket) {
      return stream.forEachPacket((frames) => this.#deliver(stream, frames))
    }
    for (;;) {
      const batch = await stream.items.next()
      if (batch.done) return
      await this.#deliverOnce(stream, batch)
      if (this.#exchange.outcome !== undefined) return
    }
  }

  /**
   * Delivers what was read, and takes it out of the result: who waits for the next one still has this one, whose
   * bytes are a view of as much memory as the runtime reads at a time.
   */
  #deliverOnce(
    stream: LiveStream<C>,
    read: IteratorYieldResult<ChunkOf<C>[] | Bytes[]>,
  ): Promise<void> | undefined {
    const { value } = read
    read.value = []
    return this.#deliver(stream, value)
  }

  /** Writes a batch; `[DONE]` goes out in the same write as the batch that finishes the stream. */
  #deliver(stream: LiveStream<C>, batch: ChunkOf<C>[] | Bytes[]): Promise<void> | undefined {
    const now = performance.now()
    this.#exchange.advance(now)
    const isFrames = stream.kind === 'frames'
    const pieces = isFrames ? (batch as Bytes[]) : [this.#encode(batch as ChunkOf<C>[])]
    if (!this.#hasWritten) pieces.unshift(...this.#opening())
    this.#hasWritten = true
    if (!stream.contract.finished) return this.#send(pieces, now)
    this.#finish(pieces)
    return undefined
  }

  #encode(chunks: ChunkOf<C>[]): Bytes {
    return encodeText(this.#encoder.chunks(chunks))
  }

  /** Writes the end and finishes the exchange at once, so that no heartbeat or error can follow. */
  #finish(last: Bytes[]): void {
    void this.#send([...last, encodeText(this.#encoder.done())])
    this.#exchange.finish()
  }

  /** What the encoder needs before the first event. */
  #opening(): Bytes[] {
    const hasPinged = !this.#hasWritten && this.#heartbeat.count > 0
    return hasPinged ? [encodeText(this.#encoder.opening(this.#stream))] : []
  }

  /**
   * Resolves when the client has read the bytes; undefined where the host took them synchronously.
   */
  #send(pieces: Bytes[], now = performance.now()): Promise<void> | undefined {
    const written = joinSmall(pieces)
    // An encoder may write nothing for a chunk, and some hosts take an empty write for the end.
    if (written.length === 0) return undefined
    for (const tap of this.#exchange.taps) tap.onSent?.(written, now)
    this.#heartbeat.reset(now)
    const taking = this.#body.write(written)
    if (taking === undefined) return undefined
    this.#unread++
    this.#exchange.waitForClient(now)
    return taking.then(() => this.#onTaken(), this.#exchange.cancel)
  }

  #onTaken(): void {
    if (--this.#unread > 0) return
    const now = performance.now()
    this.#heartbeat.reset(now)
    this.#exchange.waitForEngine(now)
  }

  /** Sends a heartbeat to an idle stream, unless the client still has unread data. */
  tick(now: number): number | undefined {
    if (this.#unread > 0) return undefined
    if (this.#heartbeat.isDue(now) || this.#hasNewProgress(now)) this.sendHeartbeat()
    const left = this.#heartbeat.remaining(now)
    return this.#encoder.reportsProgress && !this.#hasWritten
      ? Math.min(left, PROGRESS_INTERVAL)
      : left
  }

  /** Whether the progress has changed; reported at most twice a second. */
  #hasNewProgress(now: number): boolean {
    const { progress } = this.#exchange
    const isNew =
      this.#encoder.reportsProgress && progress !== undefined && progress !== this.#lastProgress
    return Boolean(isNew) && !this.#hasWritten && this.#heartbeat.idleTime(now) >= PROGRESS_INTERVAL
  }

  /** Also called first for a late answer: some hosts send the headers with the first bytes only. */
  sendHeartbeat(): void {
    this.#heartbeat.count++
    this.#exchange.timeline.heartbeats++
    const stream = this.#hasWritten ? this.#stream : undefined
    const { progress } = this.#exchange
    this.#lastProgress = progress
    const text = stream === undefined ? this.#encoder.ping(progress) : this.#encoder.idle(stream)
    if (text === '') this.#heartbeat.reset(performance.now())
    else this.#sendHeartbeatText(encodeText(text))
  }

  #sendHeartbeatText(bytes: Bytes): void {
    const body = this.#body
    if (body.heartbeat === undefined) {
      void this.#send([bytes])
      return
    }
    this.#heartbeat.reset(performance.now())
    body.heartbeat(bytes)
  }

  stop(outcome: Outcome): void {
    const error = errorOf(outcome)
    if (outcome.kind === 'cancelled' && error === undefined) {
      this.#body.break(new Cancelled('the client hung up'))
      return
    }
    try {
      if (error) {
        const told = this.#encoder.error(error, this.#exchange.docs)
        void this.#send([...this.#opening(), encodeText(told)])
      }
      this.#body.close()
    } catch (error) {
      // The end can't be written: the client sees an aborted connection instead of a truncated
      // success.
      this.#body.break(error)
      return
    }
    limitLastRead(this.#exchange, this.#body, this.#clientTimeout)
  }
}
