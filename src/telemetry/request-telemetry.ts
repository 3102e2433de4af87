/** Tells those who watch of each request. */
import type { Settings } from '../settings/settings.ts'
import type { Exchange } from '../stream/exchange.ts'
import { logError } from '../stream/log-thrown.ts'
import type { ActivityFeed } from './activity/activity-feed.ts'
import type { Captures } from './captures/captures.ts'
import type { TelemetryFeature } from './feature.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ObservedRequest, RequestObserver } from './request-observer.ts'
import type { Sources } from './sources.ts'
import type { CountSpans } from './traces/span-queue.ts'
import type { Tracing } from './traces/tracing.ts'

const NONE: readonly RequestObserver[] = []

/** Makes each way of watching requests that there is; undefined for one that is left out. */
export interface FeatureMakers {
  readonly metrics?: (() => Metrics) | undefined
  readonly captures?: (() => Captures) | undefined
  readonly activity?: (() => ActivityFeed) | undefined
  /** `onSpans` is told what became of spans. */
  readonly traces?: ((onSpans: CountSpans) => Tracing) | undefined
  readonly meter?: (() => TelemetryFeature) | undefined
}

/** Shared by a handler and the one that replaces it, so that a reload loses nothing. */
export class RequestTelemetry implements Required<RequestObserver> {
  readonly metrics: Metrics | undefined
  readonly captures: Captures | undefined
  readonly activity: ActivityFeed | undefined
  readonly traces: Tracing | undefined
  /** In the order in which they are told of requests. */
  readonly #features: readonly TelemetryFeature[]
  #observers = NONE

  constructor({ metrics, captures, activity, traces, meter }: FeatureMakers) {
    this.metrics = metrics?.()
    this.captures = captures?.()
    this.activity = activity?.()
    this.traces = traces?.((became, count) => {
      if (count > 0) this.metrics?.registry.count(`sluice_spans_${became}_total`, [], count)
    })
    const all = [this.metrics, this.captures, this.activity, this.traces, meter?.()]
    this.#features = all.filter((each) => each !== undefined)
  }

  /** Takes the settings of a handler that serves from now on, and what can be read of it. */
  configure(settings: Settings, sources: Sources): void {
    const observers = this.#features.map((feature) => feature.configure(settings, sources))
    this.observe(observers.filter((each) => each !== undefined))
  }

  /** Sends what is still to be exported, as a server stops. */
  async flush(): Promise<void> {
    await this.traces?.flush()
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
