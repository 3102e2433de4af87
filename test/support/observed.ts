import { Exchange } from '../../src/stream/exchange.ts'
import { sharedTicker } from '../../src/stream/ticker.ts'
import type { ActivityFeed } from '../../src/telemetry/activity/activity-feed.ts'
import type { ObservedRequest } from '../../src/telemetry/request-observer.ts'

type Filled = { -readonly [Field in keyof ObservedRequest]: ObservedRequest[Field] }

const LIMITS = {
  ...{ answerTimeout: 60_000, firstTokenTimeout: 60_000, tokenTimeout: 60_000 },
  clientTimeout: 60_000,
}

let count = 0

/** A request as telemetry sees it, whose fields a test fills in. */
export function observed(fields: Partial<ObservedRequest> = {}): Filled {
  return {
    ...{ id: `request-${++count}`, method: 'POST', path: '/v1/chat/completions' },
    ...{ route: '/v1/chat/completions', time: Date.now(), startedAt: performance.now() },
    ...{ caller: { name: 'ann', isAdmin: false }, exchange: undefined, status: 0 },
    ...{ outcome: undefined, failure: undefined, traceContext: undefined, waitUntil: undefined },
    ...fields,
  }
}

/** An exchange that nobody answers; its tokens are counted by `advanceBytes`. */
export function silentExchange(): Exchange {
  const client = new AbortController().signal
  return new Exchange({ client, limits: LIMITS, ticker: sharedTicker(1_000), onEnd() {} })
}

/** A request that arrived at the feed and asks an engine. */
export function begin(feed: ActivityFeed, headers: Record<string, string> = {}) {
  const request = observed()
  const exchange = silentExchange()
  feed.onArrival(request, new Headers(headers))
  request.exchange = exchange
  feed.onExchange(request, exchange)
  return { request, exchange }
}

/** The request has ended in this way. */
export function end(feed: ActivityFeed, request: Filled, outcome: Filled['outcome']): void {
  request.outcome = outcome
  request.exchange?.finish()
  feed.onEnd(request)
}
