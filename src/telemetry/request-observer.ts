/** What telemetry is told of each request. */
import type { LogEntry } from '../platform/log.ts'
import type { WaitUntil } from '../platform/wait-until.ts'
import type { Exchange } from '../stream/exchange.ts'
import type { ExchangeTap } from '../stream/observer.ts'
import type { TraceContext } from '../wire/headers/trace-context.ts'

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
  /** The trace that it belongs to, by its headers. */
  readonly traceContext: TraceContext | undefined
  /** Keeps the runtime from ending what goes on after the response, where it lends that. */
  readonly waitUntil: WaitUntil | undefined
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
  /** Whether it is answered elsewhere, where it is told of: what was begun for it here ends without a trace. */
  readonly isForwarded?: boolean | undefined
  /** What it failed with: an `ApiError`, or anything else that was thrown. */
  readonly failure: unknown
  /** Who sees its bytes, where somebody does. An observer sets it when the request arrives. */
  tap?: RequestTap | undefined
  /** The id of its capture, if it is captured. */
  capture?: string | undefined
  /** The model that its body names, which may never reach an engine. */
  readonly asked?: string | undefined
  /**
   * Those told of it: of when it arrived, since a reload must not end what they have begun. A field, as a
   * `WeakMap` costs a short request more than all that is counted of it.
   */
  observers?: readonly RequestObserver[] | undefined
}

/**
 * Sees the bytes of one request from its arrival on. Where an engine is asked, it is one of the taps of
 * the exchange as well, for its answer.
 */
export interface RequestTap extends ExchangeTap {
  /** The body as it came, before it is parsed. Nothing changes these bytes. */
  onBody(bytes: Uint8Array<ArrayBuffer>): void
  /** The head of the response; bytes of a stream may have been sent before. */
  onResponse(status: number, headers: readonly [string, string][], now: number): void
}

/** Told of each request. Nothing of it may wait; what it throws is logged and has no effect. */
export interface RequestObserver {
  /** It arrived: its route and its caller are not known yet. The URL and the headers may hold keys. */
  onArrival?(request: ObservedRequest, headers: Headers, url: string): void
  /** Its JSON body was read; an observer that needs none of it must not keep it. */
  onBody?(request: ObservedRequest, body: unknown): void
  /** An engine will be asked: observers and taps of the exchange are added now. */
  onExchange?(request: ObservedRequest, exchange: Exchange): void
  /** Its answer has ended; called once. */
  onEnd?(request: ObservedRequest): void
}
