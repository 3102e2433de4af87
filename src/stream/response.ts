/**
 * An engine's stream becomes an SSE response, through a `TransformStream`: one read of the engine,
 * one write to the client, heartbeats while the engine is quiet, and one outcome at the end.
 */
import type { ChatChunk } from '../wire/chat.ts'
import { type ApiError, toApiError } from '../wire/errors.ts'
import { encodeText } from '../wire/sse.ts'
import type { ChatStream, ChunkStream, FrameStream } from './chat-stream.ts'
import type { Exchange, Outcome } from './exchange.ts'
import { concat } from './frames.ts'
import { Heartbeat } from './heartbeat.ts'

type Bytes = Uint8Array<ArrayBuffer>
type LiveStream = ChunkStream | FrameStream
type Batch = IteratorResult<ChatChunk[] | Bytes, void>

/** How a dialect writes a stream. Each text is one or more whole frames. */
export interface StreamEncoder {
  chunks(chunks: ChatChunk[]): string
  /** The frames that end a finished stream. */
  done(): string
  /** The frame that ends a failed stream. */
  error(error: ApiError): string
  /** Keeps a line open before the first event. */
  ping(): string
  /** Goes before the first event if a ping was sent: some client may lose it. */
  opening(stream: LiveStream | undefined): string
  /** Keeps a line open between two events. */
  quiet(stream: LiveStream): string
}

export interface StreamSettings {
  /** Milliseconds the headers wait for the engine's first chunk. */
  headerWait: number
  /** Milliseconds of silence before a heartbeat. */
  heartbeat: number
  /** Milliseconds a client may take to read how its stream failed. */
  clientTimeout: number
}

/** An engine's answer up to its first batch. */
interface Opened {
  stream: LiveStream & { headers?: Record<string, string> }
  first: Batch
}

/**
 * Answers with the engine's stream. Rejects with an `ApiError` while the status can still tell it;
 * once the headers went out, a failure is the stream's last frame.
 */
export async function streamResponse(
  exchange: Exchange,
  ask: (signal: AbortSignal) => Promise<ChatStream>,
  encoder: StreamEncoder,
  settings: StreamSettings,
): Promise<Response> {
  exchange.isStream = true
  const opening = open(exchange, ask)
  opening.catch(() => {})
  const early = await exchange.orStop(orLate(opening, settings.headerWait))
  const { readable, writable } = new TransformStream<Bytes, Bytes>()
  const delivery = new Delivery(exchange, encoder, settings, writable.getWriter())
  if (early === undefined) delivery.beat()
  void delivery.run(opening)
  const headers = { ...SSE_HEADERS, ...early?.stream.headers }
  return new Response(readable, { headers })
}

/** `no-transform` and `x-accel-buffering` keep proxies from holding a stream back. */
const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

async function open(
  exchange: Exchange,
  ask: (signal: AbortSignal) => Promise<ChatStream>,
): Promise<Opened> {
  const stream = await ask(exchange.signal)
  if (stream.kind === 'whole') throw new TypeError('an engine answered a stream whole')
  exchange.begin(stream)
  return { stream, first: await stream.items.next() }
}

/** Undefined where the promise takes longer than `ms`. */
async function orLate<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Carries one stream to one client. */
class Delivery {
  readonly #exchange: Exchange
  readonly #encoder: StreamEncoder
  readonly #writer: WritableStreamDefaultWriter<Bytes>
  readonly #heartbeat: Heartbeat
  readonly #clientTimeout: number
  #stream: LiveStream | undefined
  /** Writes the client has not taken yet. */
  #unread = 0
  #hasWritten = false
  #saidDone = false

  constructor(
    exchange: Exchange,
    encoder: StreamEncoder,
    settings: StreamSettings,
    writer: WritableStreamDefaultWriter<Bytes>,
  ) {
    this.#exchange = exchange
    this.#encoder = encoder
    this.#writer = writer
    this.#heartbeat = new Heartbeat(settings.heartbeat)
    this.#clientTimeout = settings.clientTimeout
    // The readable side was cancelled: the client hung up.
    writer.closed.catch(exchange.cancel)
    exchange.onTick = (now) => this.#tick(now)
    exchange.onStop = (outcome) => this.#stop(outcome)
    if (exchange.outcome !== undefined) this.#stop(exchange.outcome)
  }

  async run(opening: Promise<Opened>): Promise<void> {
    const exchange = this.#exchange
    try {
      const { stream, first } = await opening
      this.#stream = stream
      let batch = first
      while (!batch.done && exchange.outcome === undefined) {
        exchange.advance()
        await this.#deliver(stream, batch.value)
        batch = await stream.items.next()
      }
      if (exchange.outcome === undefined) await this.#sayDone()
      exchange.finish()
    } catch (error) {
      exchange.fail(toApiError(error))
    }
  }

  /** Writes a batch; the one that finishes the stream takes `[DONE]` along. */
  async #deliver(stream: LiveStream, value: ChatChunk[] | Bytes): Promise<void> {
    const parts: Bytes[] = []
    const opening = this.#opening()
    if (opening !== '') parts.push(encodeText(opening))
    parts.push(Array.isArray(value) ? encodeText(this.#encoder.chunks(value)) : value)
    this.#saidDone = stream.contract.finished
    if (this.#saidDone) parts.push(encodeText(this.#encoder.done()))
    this.#hasWritten = true
    await this.#write(parts.length === 1 ? (parts[0] as Bytes) : concat(parts))
  }

  async #sayDone(): Promise<void> {
    if (this.#saidDone) return
    await this.#write(encodeText(this.#opening() + this.#encoder.done()))
  }

  #opening(): string {
    const pinged = !this.#hasWritten && this.#heartbeat.count > 0
    return pinged ? this.#encoder.opening(this.#stream) : ''
  }

  async #write(bytes: Bytes): Promise<void> {
    await this.#exchange.untilRead(this.#send(bytes))
  }

  async #send(bytes: Bytes): Promise<void> {
    this.#unread++
    try {
      await this.#writer.write(bytes)
    } catch {
      this.#exchange.cancel()
    }
    this.#unread--
    this.#heartbeat.reset(performance.now())
  }

  /** A quiet line gets a heartbeat, unless the client does not even read what it has. */
  #tick(now: number): void {
    if (this.#unread === 0 && this.#heartbeat.isDue(now)) this.beat()
  }

  /** Headers leave with the first bytes on some hosts: a late answer's first sign of life. */
  beat(): void {
    this.#heartbeat.count++
    const stream = this.#hasWritten ? this.#stream : undefined
    const text = stream === undefined ? this.#encoder.ping() : this.#encoder.quiet(stream)
    void this.#send(encodeText(text))
  }

  #stop(outcome: Outcome): void {
    if (outcome.kind === 'cancelled') {
      this.#writer.abort().catch(() => {})
    } else {
      if (outcome.kind === 'failed') this.#sayFailed(outcome.error)
      this.#writer.close().catch(() => {})
    }
  }

  #sayFailed(error: ApiError): void {
    const timer = setTimeout(() => this.#writer.abort().catch(() => {}), this.#clientTimeout)
    this.#writer.closed.catch(() => {}).finally(() => clearTimeout(timer))
    this.#writer.write(encodeText(this.#opening() + this.#encoder.error(error))).catch(() => {})
  }
}
