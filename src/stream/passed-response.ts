/** Answers a client with what a server answered: status, type and body, as it comes. */
import type { BodyWriter } from '../platform/body-writer.ts'
import { joinSmall } from '../util/bytes.ts'
import { safeHeaders } from '../util/safe/headers.ts'
import { type ApiError, type DocLink, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { encodeText } from '../wire/sse/sse.ts'
import type { Exchange } from './exchange.ts'
import { Heartbeat } from './heartbeat.ts'
import { limitLastRead } from './limit-last-read.ts'
import { errorOf, type Outcome } from './outcome.ts'
import type { PassedForm, PassedStream, PassedWhole } from './passed-answer.ts'
import { SSE_HEADERS, type StreamSettings } from './sse-response.ts'
import type { StreamWriter } from './stream-writer.ts'
import { transformWriter } from './transform-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** An answer that has begun: of a streamed one, the first part has come. */
export type OpenedPass =
  | { answer: PassedWhole }
  | { answer: PassedStream; first: Bytes[] | undefined }

type PassSettings = Pick<StreamSettings, 'heartbeat' | 'clientTimeout'>

/** Keeps browsers from guessing another content type. */
const NO_SNIFFING = { 'x-content-type-options': 'nosniff' }

/** Statuses whose responses may have no body. */
const BODILESS = [204, 205]

/**
 * The response to a client. Rejects with an `ApiError`, or with the reason why the exchange ended. After
 * its headers are sent, a failure is an event or a line with the error, or, where neither has a place, a
 * connection that breaks off.
 */
export async function passedResponse(
  exchange: Exchange,
  opening: Promise<OpenedPass>,
  settings: PassSettings,
): Promise<Response> {
  const opened = await exchange.untilEnd(opening)
  const { status, headers } = opened.answer
  const shown = { ...NO_SNIFFING, ...safeHeaders(headers) }
  if (!('first' in opened)) {
    const { json } = opened.answer
    exchange.finish()
    const body = json === '' || BODILESS.includes(status) ? null : json
    return new Response(body, { status, headers: shown })
  }
  const body = transformWriter()
  const writer = new PassedWriter(exchange, opened.answer, settings, body)
  void writer.run(opened.first)
  const streamed = opened.answer.form === 'bytes' ? {} : UNBUFFERED
  return body.respond({ status, headers: { ...shown, ...streamed } })
}

/** Keeps proxies from holding a stream back. */
const UNBUFFERED = {
  'cache-control': SSE_HEADERS['cache-control'],
  'x-accel-buffering': SSE_HEADERS['x-accel-buffering'],
}

/** How an error is written into each form; undefined where it has no place. */
const ERRORS: Record<PassedForm, ((error: ApiError, docs?: DocLink) => string) | undefined> = {
  events: (error, docs) => `data: ${JSON.stringify(error.body(docs))}\n\n`,
  lines: ({ message }) => `${JSON.stringify({ error: message })}\n`,
  bytes: undefined,
}

/** Writes one answer to one client. */
class PassedWriter implements StreamWriter {
  readonly #exchange: Exchange
  readonly #answer: PassedStream
  readonly #body: BodyWriter
  readonly #heartbeat: Heartbeat
  readonly #clientTimeout: number
  /** Writes that the client has not read yet. */
  #unread = 0

  constructor(exchange: Exchange, answer: PassedStream, settings: PassSettings, body: BodyWriter) {
    this.#exchange = exchange
    this.#answer = answer
    this.#body = body
    this.#heartbeat = new Heartbeat(settings.heartbeat)
    this.#clientTimeout = settings.clientTimeout
    // The readable side was cancelled: the client hung up.
    exchange.delivered = body.closed.then(() => {}, exchange.cancel)
    exchange.writer = this
    if (exchange.outcome !== undefined) this.stop(exchange.outcome)
  }

  async run(first: Bytes[] | undefined): Promise<void> {
    const exchange = this.#exchange
    try {
      for (let batch = first; batch !== undefined; batch = await this.#answer.next()) {
        exchange.advanceBytes(performance.now())
        // Taken out of the batch, which is held until the next one comes.
        await this.#send(batch.splice(0))
        if (exchange.outcome !== undefined) return
      }
      exchange.finish()
    } catch (error) {
      exchange.fail(toApiError(error))
    }
  }

  /** Resolves when the client has read the bytes, so that a slow client slows the server. */
  #send(pieces: Bytes[]): Promise<void> | undefined {
    const written = joinSmall(pieces)
    // Some hosts take an empty write for the end.
    if (written.length === 0) return undefined
    const now = performance.now()
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

  /** A comment between two events; the other forms have no place for one. */
  tick(now: number): number | undefined {
    if (this.#unread > 0 || this.#answer.form !== 'events') return undefined
    if (this.#heartbeat.isDue(now)) {
      this.#exchange.timeline.heartbeats++
      void this.#send([encodeText(': ping\n')])
    }
    return this.#heartbeat.remaining(now)
  }

  stop(outcome: Outcome): void {
    const tell = ERRORS[this.#answer.form]
    const error = errorOf(outcome)
    if (outcome.kind === 'cancelled' && error === undefined) {
      this.#body.break(new Cancelled('the client hung up'))
      return
    }
    if (error && tell === undefined) {
      this.#body.break(error)
      return
    }
    if (error && tell) void this.#send([encodeText(tell(error, this.#exchange.docs))])
    this.#body.close()
    limitLastRead(this.#exchange, this.#body, this.#clientTimeout)
  }
}
