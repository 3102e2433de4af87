/**
 * An engine's stream becomes an SSE response, through a `TransformStream`: one read of the engine,
 * one write to the client, heartbeats while the engine is quiet, and one outcome at the end.
 */

import type { BodyWriter } from '../platform/body-writer.ts'
import { within } from '../util/with-timeout.ts'
import type { ChatContract } from '../wire/contract/chat.ts'
import { type ApiError, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { safeHeaders } from '../wire/headers/safe-headers.ts'
import { encodeText } from '../wire/sse/sse.ts'
import type { AnswerStream, AnyContract, ChunkOf, LiveStream, OpenedStream } from './chat-stream.ts'
import { joinSmall } from './event-reader.ts'
import type { Exchange, Outcome, StreamWriter } from './exchange.ts'
import { Heartbeat } from './heartbeat.ts'
import { transformWriter } from './transform-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** How a dialect writes a stream. Each text is one or more whole frames. */
export interface StreamEncoder<C extends AnyContract = ChatContract> {
  chunks(chunks: ChunkOf<C>[]): string
  /** The frames that end a finished stream. */
  done(): string
  /** The frame that ends a failed stream. */
  error(error: ApiError): string
  /** Keeps a line open before the first event, and tells what goes on meanwhile. */
  ping(progress?: string): string
  /** Goes before the first event if a ping was sent: some client may lose it. */
  opening(stream: LiveStream<C> | undefined): string
  /** Keeps a line open between two events; empty where nothing may be said any more. */
  quiet(stream: LiveStream<C>): string
  /** Whether `ping` tells of progress: it is asked as often as that changes, then. */
  tellsProgress?: boolean
}

export interface StreamSettings {
  /** Milliseconds the headers wait for the engine's first chunk. */
  headerWait: number
  /** Milliseconds of silence before a heartbeat. */
  heartbeat: number
  /** Milliseconds a client may take to read how its stream failed. */
  clientTimeout: number
  /** Makes the writer for frames that are only forwarded: a host may know a shorter way. */
  frameWriter: () => BodyWriter
}

/** The fewest milliseconds between two comments that tell of progress. */
const NEWS = 500

/**
 * Answers with the stream that is being opened. Rejects with an `ApiError` while the status can still tell it;
 * once the headers went out, a failure is the stream's last frame.
 */
export async function streamResponse<C extends AnyContract>(
  exchange: Exchange,
  opening: Promise<OpenedStream<C>>,
  encoder: StreamEncoder<C>,
  settings: StreamSettings,
): Promise<Response> {
  exchange.isStream = true
  opening.catch(() => {})
  const early = await exchange.orStop(within(settings.headerWait, opening))
  const body = early?.stream.kind === 'frames' ? settings.frameWriter() : transformWriter()
  const writer = new ResponseWriter(exchange, encoder, settings, body)
  if (early === undefined) writer.beat()
  void writer.run(opening)
  const headers = { ...SSE_HEADERS, ...safeHeaders(early?.stream.headers) }
  return new Response(body.readable, { headers })
}

/** `no-transform` and `x-accel-buffering` keep proxies from holding a stream back. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/** Carries the stream that is being opened into a body that somebody else reads. Never rejects. */
export function carryStream<C extends AnyContract>(
  exchange: Exchange,
  opening: Promise<OpenedStream<C>>,
  encoder: StreamEncoder<C>,
  settings: StreamSettings,
  body: Omit<BodyWriter, 'readable'>,
): void {
  exchange.isStream = true
  const writer = new ResponseWriter(exchange, encoder, settings, body)
  if (exchange.outcome === undefined) writer.beat()
  void writer.run(opening)
}

/** An engine's answer up to its first batch. Rejects with what ends it before. */
export async function openStream<C extends AnyContract>(
  exchange: Exchange,
  answer: Promise<AnswerStream<C>>,
  signal: AbortSignal,
): Promise<OpenedStream<C>> {
  const stream = await answer
  // It was given up meanwhile, and another one is asked.
  signal.throwIfAborted()
  if (stream.kind === 'whole') throw new TypeError('an engine answered a stream whole')
  exchange.begin(stream)
  return { stream, first: await stream.items.next() }
}

/** Carries one stream to one client. */
class ResponseWriter<C extends AnyContract> implements StreamWriter {
  readonly #exchange: Exchange
  readonly #encoder: StreamEncoder<C>
  readonly #body: Omit<BodyWriter, 'readable'>
  readonly #heartbeat: Heartbeat
  readonly #clientTimeout: number
  #stream: LiveStream<C> | undefined
  /** Writes the client has not taken yet. */
  #unread = 0
  #hasWritten = false
  /** The progress that was told last. */
  #told: string | undefined

  constructor(
    exchange: Exchange,
    encoder: StreamEncoder<C>,
    settings: StreamSettings,
    body: Omit<BodyWriter, 'readable'>,
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
      if (!first.done) await this.#deliver(stream, first.value)
      if (exchange.outcome === undefined && !first.done) await this.#rest(stream)
      if (exchange.outcome === undefined) this.#finish(this.#opening())
    } catch (error) {
      exchange.fail(toApiError(error))
    }
  }

  /** Delivers what comes after the first batch. */
  async #rest(stream: LiveStream<C>): Promise<void> {
    if (stream.kind === 'frames' && stream.forEachPacket) {
      return stream.forEachPacket((frames) => this.#deliver(stream, frames))
    }
    for (;;) {
      const batch = await stream.items.next()
      if (batch.done) return
      await this.#deliver(stream, batch.value)
      if (this.#exchange.outcome !== undefined) return
    }
  }

  /** Writes a batch; the one that finishes the stream takes `[DONE]` along. */
  #deliver(stream: LiveStream<C>, batch: ChunkOf<C>[] | Bytes[]): Promise<void> | undefined {
    const now = performance.now()
    this.#exchange.advance(now)
    const isFrames = stream.kind === 'frames'
    const pieces = isFrames ? (batch as Bytes[]) : [this.#encoded(batch as ChunkOf<C>[])]
    if (!this.#hasWritten) pieces.unshift(...this.#opening())
    this.#hasWritten = true
    if (!stream.contract.finished) return this.#send(pieces, now)
    this.#finish(pieces)
    return undefined
  }

  #encoded(chunks: ChunkOf<C>[]): Bytes {
    return encodeText(this.#encoder.chunks(chunks))
  }

  /** The stream is finished as soon as its end is on the way: nothing else may follow that. */
  #finish(last: Bytes[]): void {
    void this.#send([...last, encodeText(this.#encoder.done())])
    this.#exchange.finish()
  }

  /** What has to go before the first event. */
  #opening(): Bytes[] {
    const hasPinged = !this.#hasWritten && this.#heartbeat.count > 0
    return hasPinged ? [encodeText(this.#encoder.opening(this.#stream))] : []
  }

  /** Resolves when the client has taken the bytes; undefined where it has at once. */
  #send(pieces: Bytes[], now = performance.now()): Promise<void> | undefined {
    const written = joinSmall(pieces)
    // An API may have nothing to say of a chunk. To some hosts an empty piece is the end.
    if (written.length === 0) return undefined
    this.#heartbeat.reset(now)
    const taking = this.#body.write(written)
    if (taking === undefined) return undefined
    this.#unread++
    this.#exchange.waitForClient(now)
    return taking.then(() => this.#taken(), this.#exchange.cancel)
  }

  #taken(): void {
    if (--this.#unread > 0) return
    const now = performance.now()
    this.#heartbeat.reset(now)
    this.#exchange.waitForEngine(now)
  }

  /** A quiet line gets a heartbeat, unless the client does not even read what it has. */
  tick(now: number): number | undefined {
    if (this.#unread > 0) return undefined
    if (this.#heartbeat.isDue(now) || this.#hasNews(now)) this.beat()
    const left = this.#heartbeat.left(now)
    return this.#encoder.tellsProgress && !this.#hasWritten ? Math.min(left, NEWS) : left
  }

  /** Progress is told as it changes, twice a second at most. */
  #hasNews(now: number): boolean {
    const { progress } = this.#exchange
    const isNew = this.#encoder.tellsProgress && progress !== undefined && progress !== this.#told
    return Boolean(isNew) && !this.#hasWritten && this.#heartbeat.quiet(now) >= NEWS
  }

  /** Headers leave with the first bytes on some hosts: a late answer's first sign of life. */
  beat(): void {
    this.#heartbeat.count++
    const stream = this.#hasWritten ? this.#stream : undefined
    const { progress } = this.#exchange
    this.#told = progress
    const text = stream === undefined ? this.#encoder.ping(progress) : this.#encoder.quiet(stream)
    if (text === '') this.#heartbeat.reset(performance.now())
    else void this.#send([encodeText(text)])
  }

  stop(outcome: Outcome): void {
    if (outcome.kind === 'cancelled') {
      this.#body.break(new Cancelled('the client left'))
      return
    }
    try {
      if (outcome.kind === 'failed') {
        void this.#send([...this.#opening(), encodeText(this.#encoder.error(outcome.error))])
      }
      this.#body.close()
    } catch (error) {
      // The end itself can't be told: the client sees that the stream broke off.
      this.#body.break(error)
      return
    }
    // A client that never reads the end must not hold its connection for ever.
    const timer = setTimeout(() => {
      this.#body.break(new Cancelled('the client does not read'))
    }, this.#clientTimeout)
    void this.#exchange.delivered?.finally(() => clearTimeout(timer))
  }
}
