/** All that watches requests: metrics, traces, the activity feed, captures. */
import type { Exchange } from '../stream/exchange.ts'
import { logThrown } from '../stream/log-thrown.ts'
import type { ObservedRequest, RequestObserver } from './request-observer.ts'

/** Shared by a handler and the one that replaces it, so that a reload loses nothing. */
export class Telemetry implements Required<RequestObserver> {
  #observers: readonly RequestObserver[] = []

  /** From now on these are told of requests. */
  observe(observers: readonly RequestObserver[]): void {
    this.#observers = observers
  }

  onArrival(request: ObservedRequest, headers: Headers): void {
    for (const each of this.#observers) logThrown(() => each.onArrival?.(request, headers))
  }

  onBody(request: ObservedRequest, body: unknown): void {
    for (const each of this.#observers) logThrown(() => each.onBody?.(request, body))
  }

  onExchange(request: ObservedRequest, exchange: Exchange): void {
    for (const each of this.#observers) logThrown(() => each.onExchange?.(request, exchange))
  }

  onEnd(request: ObservedRequest): void {
    for (const each of this.#observers) logThrown(() => each.onEnd?.(request))
  }
}
