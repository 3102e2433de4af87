/** Records the spans of requests, by the tracer of the program or by one of sluice's own. */
import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { isObject } from '../../util/object.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import { withoutTrailing } from '../../util/without-trailing.ts'
import { VERSION } from '../../version.ts'
import { sessionIdOf } from '../../wire/session-id.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { otlpSender } from './otlp-exporter.ts'
import { OwnTracer } from './own-tracer.ts'
import { activeContext, registeredTracer } from './registered.ts'
import { RequestSpans } from './request-spans.ts'
import { samplerOf } from './sampler.ts'
import { type CountSpans, SpanQueue } from './span-queue.ts'
import type { SpanTracer } from './tracer.ts'

/** Milliseconds that the end of a server waits at most for its last spans to be sent. */
const MAX_FLUSH = 3_000

/** Milliseconds between two lines about an endpoint that takes no spans. */
const SILENCE = 60_000

const NO_HEADERS = new Headers()

export class Tracing implements RequestObserver, TelemetryFeature {
  readonly #queue: SpanQueue
  readonly #requests = new WeakMap<ObservedRequest, RequestSpans>()
  #own: OwnTracer | undefined
  #isolates = false
  /** The tracer that the program gave. */
  #given: SpanTracer | undefined
  #flushTime = 0
  #isTold = false
  #toldAt = Number.NEGATIVE_INFINITY
  #toldFullAt = Number.NEGATIVE_INFINITY

  constructor(count: CountSpans) {
    const send = async (spans: readonly unknown[]) => spans.length
    this.#queue = new SpanQueue({ limit: 0, batch: 1, delay: 0, send }, count)
  }

  /** Puts these settings in force for requests to come; spans that wait are sent by them as well. */
  configure(
    settings: Settings,
    { isolates, tracer }: Pick<Sources, 'isolates' | 'tracer'>,
  ): RequestObserver | undefined {
    this.#isolates = isolates
    this.#given = tracer
    this.#flushTime = Math.min(settings.otlpTimeout, MAX_FLUSH)
    const url = tracesUrl(settings)
    this.#own = undefined
    if (!settings.traces) return undefined
    // An SDK may be registered later.
    if (url === undefined) return this
    const { tracesQueue: limit, tracesBatch: batch, tracesDelay: delay } = settings
    const send = otlpSender({
      ...{ url, headers: settings.otlpHeaders ?? {}, protocol: settings.otlpFormat },
      ...{ timeout: settings.otlpTimeout, retries: !isolates },
      resource: resourceOf(settings),
      onChange: (problem) => this.#tell(problem),
    })
    const onFull = () => this.#tellFull()
    this.#queue.options = { limit, batch: Math.min(batch, limit), delay, send, onFull }
    const sample = samplerOf(settings.tracesSampler, settings.tracesSamplerArg)
    this.#own = new OwnTracer(sample, this.#queue.add)
    return this
  }

  onArrival(request: ObservedRequest, headers: Headers): void {
    const tracer = this.#tracer()
    if (tracer === undefined) return
    const spans = new RequestSpans(request, { tracer, active: activeContext() })
    spans.name(sessionIdOf(headers, undefined))
    this.#requests.set(request, spans)
  }

  onBody(request: ObservedRequest, body: unknown): void {
    const spans = this.#requests.get(request)
    if (isObject(body)) spans?.name(sessionIdOf(NO_HEADERS, body))
  }

  onExchange(request: ObservedRequest, exchange: Exchange): void {
    this.#requests.get(request)?.begin(exchange)
  }

  onEnd(request: ObservedRequest): void {
    const spans = this.#requests.get(request)
    if (spans === undefined || request.isForwarded || !isRecorded(request)) return
    spans.end()
    // Also where a reload has switched sluice's own spans off since: it was begun with them.
    if (!this.#queue.isBusy) return
    if (this.#isolates) request.waitUntil?.(this.#queue.sendNow())
    else this.#queue.schedule()
  }

  /** Sends what waits; what is not taken in time is lost. */
  async flush(): Promise<void> {
    if (this.#queue.isBusy) await this.#queue.flush(this.#flushTime)
  }

  /** The program's own comes first, so that a span is never exported twice. */
  #tracer(): SpanTracer | undefined {
    return this.#given ?? registeredTracer() ?? this.#own
  }

  /** Says once, not for each span, that an endpoint takes none, and that it takes them again. */
  #tell(problem: string | undefined): void {
    if (problem === undefined) {
      if (this.#isTold) console.error('sluice: traces: the OTLP endpoint takes spans again.')
      this.#isTold = false
      return
    }
    const now = performance.now()
    if (this.#isTold || now - this.#toldAt < SILENCE) return
    this.#isTold = true
    this.#toldAt = now
    console.error(
      `sluice: traces: the OTLP endpoint ${terminalLine(problem)}, and spans may be lost until it takes them; no request is affected. Check otlpEndpoint (OTEL_EXPORTER_OTLP_ENDPOINT).`,
    )
  }

  #tellFull(): void {
    const now = performance.now()
    if (this.#isTold || now - this.#toldFullAt < SILENCE) return
    this.#toldFullAt = now
    console.error(
      'sluice: traces: as many spans wait to be sent as may, and further ones are dropped; no request is affected. Raise tracesQueue (OTEL_BSP_MAX_QUEUE_SIZE), or record a share of the traces with tracesSampler.',
    )
  }
}

/** What only reads something of sluice itself, such as its health or its models, is not recorded. */
function isRecorded({ exchange, method }: ObservedRequest): boolean {
  return exchange !== undefined || method === 'POST' || method === 'DELETE'
}

/** Where spans are sent; undefined where nothing says so. */
function tracesUrl({ otlpTracesEndpoint, otlpEndpoint }: Settings): string | undefined {
  if (otlpTracesEndpoint !== undefined) return otlpTracesEndpoint
  return otlpEndpoint && `${withoutTrailing('/', otlpEndpoint)}/v1/traces`
}

function resourceOf({ otlpServiceName, otlpAttributes }: Settings) {
  return {
    'service.version': VERSION,
    ...otlpAttributes,
    'service.name': otlpServiceName,
    'telemetry.sdk.name': 'sluice',
    'telemetry.sdk.language': 'webjs',
    'telemetry.sdk.version': VERSION,
  }
}
