/** Counts and measures requests, for `GET /metrics`. */
import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { ExchangeMetrics } from './exchange-metrics.ts'
import { KnownLabels } from './known-labels.ts'
import { OTHER, Registry } from './registry.ts'

/**
 * What is counted goes on when settings are read again. A request is counted once, when it has ended; a
 * token changes two numbers.
 */
export class Metrics implements TelemetryFeature, RequestObserver {
  readonly registry = new Registry()
  /** Whether the settings want metrics. */
  isOn = false
  /** Requests that have asked an engine and have not ended. */
  running = 0
  #labels: KnownLabels | undefined

  configure(settings: Settings, sources: Sources): RequestObserver | undefined {
    this.isOn = settings.metrics
    this.#labels = new KnownLabels(settings, sources)
    return this.isOn ? this : undefined
  }

  onExchange(request: ObservedRequest, exchange: Exchange): void {
    if (this.#labels === undefined) return
    const { timeline } = exchange
    const observer = new ExchangeMetrics(this.registry, this.#labels, request, timeline)
    timeline.observers = [...timeline.observers, observer]
    this.running++
  }

  onEnd(request: ObservedRequest): void {
    const labels = this.#labels
    const { exchange, outcome, caller, failure, status } = request
    if (labels === undefined || outcome === undefined) return
    const now = performance.now()
    const { registry } = this
    const api = request.route ?? OTHER
    const engine = exchange?.timeline.engine ?? ''
    const model = labels.model(exchange?.timeline.model ?? request.asked)
    const key = labels.key(caller?.name)
    registry.count('sluice_requests_total', [api, model, engine, key, outcome])
    registry
      .histogram('sluice_request_duration_seconds', [api, model, engine, outcome])
      .observe((now - request.startedAt) / 1000)
    if (outcome === 'failed' || outcome === 'refused') {
      const code = labels.code(failure)
      registry.count('sluice_request_failures_total', [api, engine, outcome, code])
    }
    if (caller?.limitHit !== undefined) {
      registry.count('sluice_limit_hits_total', [key, caller.limitHit])
    }
    const observer = exchange?.timeline.observers.find((each) => each instanceof ExchangeMetrics)
    if (exchange === undefined || observer === undefined) return
    this.running--
    const isStream = exchange.isStream && status < 400
    observer.end(exchange, { api, model, engine, key, isStream, now })
  }
}
