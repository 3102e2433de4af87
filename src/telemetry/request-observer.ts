/** What telemetry is told of each request. */
import type { LogEntry } from '../platform/log.ts'
import type { Exchange } from '../stream/exchange.ts'

/** One request, from its arrival to the end of its answer. Others fill it in; observers only read it. */
export interface ObservedRequest {
  /** The response's `x-request-id`. */
  readonly id: string
  readonly method: string
  /** The path that the client asked for. */
  readonly path: string
  /** The path of its route, such as `/v1/responses/:id`; undefined until that is found, or where there is none. */
  readonly route: string | undefined
  /** When it arrived, by `Date.now()` and by `performance.now()`. */
  readonly time: number
  readonly startedAt: number
  /** Who sent it, once that is known. */
  readonly caller:
    | {
        readonly name: string
        readonly isAdmin: boolean
        /** Which of the caller's limits it was refused for. */
        readonly limitHit?: string | undefined
      }
    | undefined
  /** The exchange with an engine, if one was asked. */
  readonly exchange: Exchange | undefined
  /** The status of the response; 0 until it is sent. */
  readonly status: number
  /** How it ended; undefined until then. */
  readonly outcome: LogEntry['outcome'] | undefined
  /** What it failed with: an `ApiError`, or anything else that was thrown. */
  readonly failure: unknown
}

/** Told of each request. Nothing of it may wait; what it throws is logged and has no effect. */
export interface RequestObserver {
  /** It arrived: its route and its caller are not known yet. */
  onArrival?(request: ObservedRequest, headers: Headers): void
  /** Its JSON body was read; an observer that needs none of it must not keep it. */
  onBody?(request: ObservedRequest, body: unknown): void
  /** An engine will be asked: observers and taps of the exchange are added now. */
  onExchange?(request: ObservedRequest, exchange: Exchange): void
  /** Its answer has ended; called once. */
  onEnd?(request: ObservedRequest): void
}
