/** All that watches requests: metrics, traces, the activity feed, captures. */
import type { Settings } from '../settings/settings.ts'
import type { Exchange } from '../stream/exchange.ts'
import { logError } from '../stream/log-thrown.ts'
import { ActivityFeed } from './activity/activity-feed.ts'
import { Captures } from './captures/captures.ts'
import type { TelemetryFeature } from './feature.ts'
import { Metrics } from './metrics/metrics.ts'
import type { ObservedRequest, RequestObserver } from './request-observer.ts'
import type { Sources } from './sources.ts'
import { GenAiMeter } from './traces/gen-ai-meter.ts'
import { Tracing } from './traces/tracing.ts'

const NONE: readonly RequestObserver[] = []

/** Shared by a handler and the one that replaces it, so that a reload loses nothing. */
export class Telemetry implements Required<RequestObserver> {
  readonly metrics = new Metrics()
  readonly captures = new Captures()
  readonly activity = new ActivityFeed()
  readonly traces = new Tracing((became, count) => {
    if (count > 0) this.metrics.registry.count(`sluice_spans_${became}_total`, [], count)
  })
  /** In the order in which they are told of requests: each feature adds its line here. */
  readonly #features: readonly TelemetryFeature[] = [
    this.metrics,
    this.captures,
    this.activity,
    this.traces,
    new GenAiMeter(),
  ]
  #observers = NONE

  /** Takes the settings of a handler that serves from now on, and what can be read of it. */
  configure(settings: Settings, sources: Sources): void {
    const observers = this.#features.map((feature) => feature.configure(settings, sources))
    this.observe(observers.filter((each) => each !== undefined))
  }

  /** Sends what is still to be exported, as a server stops. */
  flush(): Promise<void> {
    return this.traces.flush()
  }

  /** From now on these are told of requests. */
  observe(observers: readonly RequestObserver[]): void {
    this.#observers = observers
  }

  onArrival(request: ObservedRequest, headers: Headers, url: string): void {
    const observers = this.#observers
    if (observers.length === 0) return
    request.observers = observers
    for (const each of observers) {
      try {
        each.onArrival?.(request, headers, url)
      } catch (error) {
        logError(error)
      }
    }
  }

  onBody(request: ObservedRequest, body: unknown): void {
    for (const each of request.observers ?? NONE) {
      try {
        each.onBody?.(request, body)
      } catch (error) {
        logError(error)
      }
    }
  }

  onExchange(request: ObservedRequest, exchange: Exchange): void {
    for (const each of request.observers ?? NONE) {
      try {
        each.onExchange?.(request, exchange)
      } catch (error) {
        logError(error)
      }
    }
  }

  onEnd(request: ObservedRequest): void {
    for (const each of request.observers ?? NONE) {
      try {
        each.onEnd?.(request)
      } catch (error) {
        logError(error)
      }
    }
  }
}
