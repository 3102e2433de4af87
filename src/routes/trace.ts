import type { Caller } from '../guard/caller.ts'
import type { LogEntry } from '../platform/log.ts'
import type { WaitUntil } from '../platform/wait-until.ts'
import type { Exchange } from '../stream/exchange.ts'
import { errorOf } from '../stream/outcome.ts'
import type { ObservedRequest, RequestObserver, RequestTap } from '../telemetry/request-observer.ts'
import { inBackground } from '../util/background.ts'
import { isObject } from '../util/object.ts'
import { causeText } from '../util/safe/error-text.ts'
import { safeHeaders } from '../util/safe/headers.ts'
import { logText } from '../util/safe/log.ts'
import { ApiError, type DocLink } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { errorLogFields } from '../wire/errors/log-fields.ts'
import type { TraceContext } from '../wire/headers/trace-context.ts'

/** Where a request is told of. */
export interface TraceOptions {
  log?: ((entry: LogEntry) => void) | undefined
  telemetry?: Required<RequestObserver> | undefined
  /** Keeps the runtime from ending what goes on after the response, where it lends that. */
  waitUntil?: WaitUntil | undefined
  traceContext?: TraceContext | undefined
  /** Where its client finds what an error code means. */
  docs?: DocLink | undefined
}

/** The most types of tools in a log entry. */
const MAX_OMITTED = 20

/** One request, and its log entry: written once, when the answer has ended. */
export class Trace implements ObservedRequest {
  readonly id = crypto.randomUUID()
  /** The exchange with an engine, if one was asked. */
  exchange: Exchange | undefined
  /** Who sees its bytes, where somebody does. */
  tap: RequestTap | undefined
  /** The id of its capture, if it is captured. */
  capture: string | undefined
  /** Who sent the request, once that is known. */
  caller: Caller | undefined
  /** The sluices that the request has passed, this one last; sent on to upstreams. */
  hops: readonly string[] = []
  /** The trace that it belongs to, by its headers; sent on to upstreams. */
  readonly traceContext: TraceContext | undefined
  /** The types of tools, items and blocks that the engine did not get. */
  omittedTools: readonly string[] = []
  /** Headers for the origin of the request: CORS. */
  headers: Record<string, string> = {}

  /** Keeps the runtime from ending what goes on after the response, where it lends that. */
  readonly waitUntil: WaitUntil | undefined

  readonly docs: DocLink | undefined
  readonly method: string
  readonly path: string
  /** The path of its route, once that is found. */
  route: string | undefined
  readonly time = Date.now()
  readonly startedAt = performance.now()
  status = 0
  asked: string | undefined
  isForwarded = false
  observers: readonly RequestObserver[] | undefined
  outcome: LogEntry['outcome'] | undefined
  readonly #log: ((entry: LogEntry) => void) | undefined
  readonly #telemetry: Required<RequestObserver> | undefined
  #error: unknown
  #isSilent = false

  constructor(method: string, path: string, options: TraceOptions = {}) {
    const { log, telemetry, waitUntil, traceContext, docs } = options
    this.docs = docs
    this.waitUntil = waitUntil
    this.traceContext = traceContext
    this.method = method
    this.path = path
    this.#log = log
    this.#telemetry = telemetry
  }

  /** Does what the response does not wait for: to its end, where the runtime would stop it. */
  readonly afterwards = (act: () => unknown): void => {
    const done = inBackground(act)
    this.waitUntil?.(done)
  }

  /** The headers that every answer to this request has. */
  responseHeaders(): [string, string][] {
    const { headers, caller, id } = this
    const omitted = this.omittedTools.join(', ')
    return Object.entries(
      safeHeaders({
        ...headers,
        ...caller?.headers,
        ...(omitted && { 'x-sluice-omitted-tools': omitted }),
        'x-request-id': id,
      }),
    )
  }

  /** Its body was read and parsed; nothing here keeps it. */
  receive(body: unknown): void {
    if (isObject(body) && typeof body.model === 'string') this.asked = body.model
    this.#telemetry?.onBody(this, body)
  }

  /** Another place answers it, and tells of it. */
  forward(): void {
    this.isForwarded = true
    this.#telemetry?.onEnd(this)
  }

  /** One of very many that say nothing to anybody: if it succeeds, it is neither logged nor counted. */
  silence(): void {
    this.#isSilent = true
  }

  /** The response is sent. Its log line waits for the end of its stream, if it has one. */
  respond(status: number, error?: unknown): void {
    this.status = status
    this.#error = error
    if (this.exchange === undefined || this.exchange.outcome !== undefined) this.#end()
  }

  /** The exchange has its outcome. Its log line waits for the status, if that is not known yet. */
  end(): void {
    if (this.status !== 0) this.#end()
  }

  /** What it failed with. */
  get failure(): unknown {
    const outcome = this.exchange?.outcome
    return (outcome && errorOf(outcome)) ?? this.#error
  }

  #end(): void {
    if (this.outcome !== undefined) return
    this.outcome = this.#outcome()
    if (this.#isSilent && this.status < 400) this.isForwarded = true
    this.#telemetry?.onEnd(this)
    if (this.isForwarded) return
    if (this.#log !== undefined) this.#write(this.outcome)
  }

  #write(outcome: LogEntry['outcome']): void {
    const now = performance.now()
    const { exchange, failure: error } = this
    // Why an engine's error could not be sent to the client is written only here.
    const cause = causeOf(error) ?? causeOf(this.#error)
    const usage = exchange?.usage
    const repaired = exchange?.repaired ?? []
    this.#tell({
      time: new Date(this.time).toISOString(),
      id: this.id,
      method: logText(this.method, 20),
      path: logText(this.path, 500),
      status: this.status,
      durationMs: now - this.startedAt,
      outcome,
      ...(exchange?.timeline.model && { model: logText(exchange.timeline.model) }),
      ...(exchange?.timeline.engine && { engine: logText(exchange.timeline.engine) }),
      ...(exchange?.affinity && { affinity: exchange.affinity }),
      ...(this.caller?.name && { key: logText(this.caller.name) }),
      ...(this.caller?.statePolicy && { statePolicy: this.caller.statePolicy }),
      ...(exchange &&
        exchange.timeline.attempts.length > 1 && { attempts: exchange.timeline.attempts.length }),
      ...(exchange?.failures.length && {
        failures: exchange.failures.map((each) => logText(each)),
      }),
      ...(exchange?.timeline.firstTokenAt && {
        firstTokenMs: exchange.timeline.firstTokenAt - this.startedAt,
      }),
      ...(usage?.completion_tokens !== undefined && { tokens: usage.completion_tokens }),
      ...(usage?.prompt_tokens !== undefined && { promptTokens: usage.prompt_tokens }),
      ...(error instanceof ApiError && error.code && { code: logText(error.code) }),
      ...(error instanceof ApiError && this.#refusal(error)),
      ...(repaired.length > 0 && { repaired, mended: repaired }),
      ...(this.omittedTools.length > 0 && { omittedTools: this.#omittedTools() }),
      ...(cause && { cause }),
    })
  }

  /** Why it was refused. What an upstream says of it may quote a prompt. */
  #refusal(error: ApiError): Pick<LogEntry, 'param' | 'message'> {
    const { attempts = [], engine = 'the engine' } = this.exchange?.timeline ?? {}
    const isRelayed = error.evidence === 'answered' && error.status < 500
    return {
      ...(isRelayed && {
        message: `${logText(engine)}: it refused the request; its own words are left out here.`,
      }),
      ...errorLogFields(error, attempts.length > 0),
    }
  }

  /** Clients choose these types. */
  #omittedTools(): string[] {
    return this.omittedTools.slice(0, MAX_OMITTED).map((type) => logText(type, 100))
  }

  /** A log that throws, because its disk is full or its reader is gone, must not end the request. */
  #tell(entry: LogEntry): void {
    try {
      this.#log?.(entry)
    } catch {}
  }

  #outcome(): LogEntry['outcome'] {
    const kind = this.exchange?.outcome?.kind
    if (kind === 'cancelled' || this.#error instanceof Cancelled) return 'cancelled'
    if (this.status >= 400) return this.status < 500 ? 'refused' : 'failed'
    if (this.exchange?.isStream) return kind ?? 'finished'
    return 'ok'
  }
}

/** The causes of an error, which the client is not shown: `fetch failed: connect ECONNREFUSED`. */
function causeOf(error: unknown): string | undefined {
  const told: string[] = []
  let cause = error instanceof ApiError ? error.cause : error
  while (cause instanceof Error && told.length < 4) {
    told.push(cause.message)
    cause = cause.cause
  }
  return told.length > 0 ? logText(causeText(told.join(': ')), 500) : undefined
}
