/** The spans of one request: one for the request, and below it one for its queue and one for each attempt. */
import type { Exchange } from '../../stream/exchange.ts'
import type { EngineAttempt, ExchangeObserver } from '../../stream/observer.ts'
import { logText } from '../../util/safe/log.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { isOwnCode } from '../../wire/errors/own-codes.ts'
import { type TraceHeaders, writeTraceparent } from '../../wire/headers/trace-context.ts'
import type { ObservedRequest } from '../request-observer.ts'
import {
  attemptEnd,
  attemptStart,
  errorType,
  FIRST_TOKEN_EVENT,
  QUEUE_SPAN,
  requestEnd,
  requestName,
  requestStart,
} from './gen-ai.ts'
import { runWithin } from './registered.ts'
import { remoteParent } from './remote-parent.ts'
import {
  ForeignSpan,
  isValid,
  ROOT,
  SPAN_KIND,
  type Span,
  type SpanAttributes,
  type SpanContext,
  type SpanParent,
  type SpanTracer,
  STATUS_ERROR,
  spanContextOf,
  within,
} from './tracer.ts'

export interface SpanSources {
  tracer: SpanTracer
  /** The context that the program called the handler in. */
  active: SpanParent | undefined
}

/** What OpenTelemetry calls a failure that has no code. */
const OTHER = '_OTHER'

export class RequestSpans implements ExchangeObserver {
  readonly #request: ObservedRequest
  readonly #sources: SpanSources
  /** The id of the session that the client names. */
  #session: string | undefined
  #exchange: Exchange | undefined
  #span: Span | undefined
  /** What spans of the request are started in. */
  #context: SpanParent = ROOT
  #queue: Span | undefined
  #attempt: Span | undefined
  #attempts = 0

  constructor(request: ObservedRequest, sources: SpanSources) {
    this.#request = request
    this.#sources = sources
  }

  /** The first session that the client names counts: that of a header. */
  name(session: string | undefined): void {
    this.#session ??= session && logText(session)
  }

  /** An engine is asked: what happens until then has no span of its own. */
  begin(exchange: Exchange): void {
    this.#exchange = exchange
    this.#start()
    exchange.timeline.observers = [...exchange.timeline.observers, this]
  }

  onQueue(now: number): void {
    this.#queue = this.#child(QUEUE_SPAN, SPAN_KIND.internal, now, {})
  }

  onAttempt({ engine, model, kind, startedAt }: EngineAttempt): void {
    this.#endQueue(startedAt, engine)
    const { name, attributes } = attemptStart({
      ...{ route: this.#request.route, engine, kind, session: this.#session },
      model: model === undefined ? undefined : logText(model),
      attempt: ++this.#attempts,
    })
    this.#attempt = this.#child(name, SPAN_KIND.client, startedAt, attributes)
    // Sluice's own tracer does not record it: what the client sent goes on, and nothing is made up.
    if (this.#attempt instanceof ForeignSpan) return
    const headers = headersOf(this.#attempt.spanContext())
    if (this.#exchange === undefined || headers === undefined) return
    const run = runWithin(within(this.#attempt, this.#context))
    this.#exchange.trace = { ...headers, ...(run && { run }) }
  }

  onAttemptFailed(_: EngineAttempt, error: unknown): void {
    const span = this.#attempt
    this.#attempt = undefined
    if (span === undefined) return
    fail(span, error)
    span.end(this.#unix(performance.now()))
  }

  /** The request has ended. */
  end(): void {
    const now = performance.now()
    this.#start()
    const span = this.#span
    if (span === undefined) return
    this.#endQueue(now, undefined)
    this.#endAttempt(now)
    const { status, outcome = 'ok', caller, failure } = this.#request
    const exchange = this.#exchange
    span.setAttributes(
      requestEnd({
        ...{ status, outcome, key: caller?.name },
        code: failure instanceof ApiError ? codeOf(failure) : undefined,
        affinity: exchange?.affinity,
        attempts: this.#attempts,
        repairs: exchange?.repaired ?? [],
        heartbeats: exchange?.timeline.heartbeats ?? 0,
        blocked: exchange?.timeline.blockedMs(now) ?? 0,
      }),
    )
    // What a client did wrong is no error of a server's span, by the conventions.
    if (outcome === 'failed') fail(span, failure)
    span.end(this.#unix(now))
  }

  #endQueue(now: number, engine: string | undefined): void {
    if (engine !== undefined) this.#queue?.setAttributes({ 'sluice.engine': engine })
    this.#queue?.end(this.#unix(now))
    this.#queue = undefined
  }

  #endAttempt(now: number): void {
    const span = this.#attempt
    const exchange = this.#exchange
    if (span === undefined || exchange === undefined) return
    const { timeline, usage, isStream, outcome } = exchange
    const { firstTokenAt, longestGap, stalls } = timeline
    const startedAt = timeline.attempts.at(-1)?.startedAt ?? 0
    const firstToken = firstTokenAt === 0 ? undefined : firstTokenAt - startedAt
    span.setAttributes(attemptEnd({ isStream, firstToken, usage, longestGap, stalls }))
    if (firstTokenAt > 0) span.addEvent(FIRST_TOKEN_EVENT, {}, this.#unix(firstTokenAt))
    if (outcome?.kind === 'failed') fail(span, outcome.error)
    else if (outcome?.kind === 'cancelled') span.setAttributes({ 'sluice.cancelled': true })
    span.end(this.#unix(now))
  }

  #start(): void {
    if (this.#span !== undefined) return
    const { method, route, id, time } = this.#request
    const { tracer } = this.#sources
    const parent = this.#parent()
    const options = {
      ...{ kind: SPAN_KIND.server, startTime: time, attributes: requestStart(method, route, id) },
      // So that the id of a request, which its client gets and the log has, finds the trace.
      traceId: id.replaceAll('-', ''),
    }
    this.#span = tracer.startSpan(requestName(method, route), options, parent as never)
    this.#context = within(this.#span, parent)
  }

  /** The program's own span, which may already be below the client's; else the client's. */
  #parent(): SpanParent {
    const { active } = this.#sources
    if (active && spanContextOf(active)) return active
    const { traceContext } = this.#request
    // What the program's context holds besides a span goes on.
    return traceContext ? remoteParent(traceContext, active) : (active ?? ROOT)
  }

  #child(name: string, kind: number, now: number, attributes: SpanAttributes): Span {
    const options = { kind, startTime: this.#unix(now), attributes }
    return this.#sources.tracer.startSpan(name, options, this.#context as never)
  }

  /** Unix milliseconds of a time by `performance.now()`. */
  #unix(now: number): number {
    return this.#request.time + (now - this.#request.startedAt)
  }
}

/** The failure, by the code that the client gets; its words may hold parts of a prompt. */
function fail(span: Span, error: unknown): void {
  span.setAttributes(errorType(error instanceof ApiError ? codeOf(error) : OTHER))
  span.setStatus({ code: STATUS_ERROR })
}

/** An upstream chooses its codes freely, and may put parts of a prompt into one. */
function codeOf({ code, status }: ApiError): string {
  if (code === null) return String(status)
  return isOwnCode(code) ? code : OTHER
}

/** The headers by which the receiver of a request learns of a span. */
function headersOf(ids: SpanContext): TraceHeaders | undefined {
  if (!isValid(ids)) return undefined
  const { traceId, spanId, traceFlags, traceState } = ids
  const tracestate = traceState?.serialize()
  return {
    traceparent: writeTraceparent(traceId, spanId, traceFlags),
    ...(tracestate && { tracestate }),
  }
}
