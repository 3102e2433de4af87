import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import type { Activity } from '../../wire/activity/schema.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { describeRequest } from './describe.ts'
import { EndedRequests, type Weight } from './ended-requests.ts'
import { isListed } from './listed.ts'
import { Readers } from './readers.ts'
import { RecentSpeeds } from './recent-answers.ts'
import { TrackedRequest } from './tracked-request.ts'

/**
 * Milliseconds without a check of its timeouts after which a request was ended by the runtime, without
 * running any of its code; and the same for one that never began to ask an engine.
 */
const SILENCE = { running: 15_000, reading: 5 * 60_000 }

/** Milliseconds between two searches for such requests. */
const SEARCH_EVERY = 5_000

/**
 * The requests that run, and those that ended last. Nothing is sent from here: whoever watches reads it,
 * so that a token costs a few numbers, and a request nothing that grows.
 */
export class ActivityFeed implements TelemetryFeature, RequestObserver {
  readonly running = new Map<string, TrackedRequest>()
  readonly ended = new EndedRequests()
  readonly recent = new RecentSpeeds()
  readonly readers = new Readers()
  /** Whether requests are watched. */
  isOn = false
  /** Whether some requests may have to be searched for; and when that was last done. */
  #isolates = false
  #searchedAt = 0

  configure({ activity }: Settings, { isolates }: Sources): RequestObserver | undefined {
    this.#isolates = isolates
    this.isOn = activity > 0
    this.ended.capacity = activity
    if (!this.isOn) this.running.clear()
    return this.isOn ? this : undefined
  }

  onArrival(request: ObservedRequest, headers: Headers): void {
    if (this.#isolates) this.endSilent(request.startedAt)
    const tracked = new TrackedRequest(request, headers)
    if (this.#isolates) tracked.readHeaders()
    this.running.set(request.id, tracked)
  }

  onBody({ id }: ObservedRequest, body: unknown): void {
    this.running.get(id)?.readBody(body)
  }

  onExchange({ id }: ObservedRequest, exchange: Exchange): void {
    this.running.get(id)?.watch(exchange)
  }

  onEnd(request: ObservedRequest): void {
    const tracked = this.running.get(request.id)
    if (!this.running.delete(request.id) || tracked === undefined) return
    if (request.isForwarded || !isListed(request)) return
    const now = performance.now()
    if (request.exchange) this.recent.add(request.exchange)
    this.#keep(tracked, describeRequest(tracked, now))
  }

  #keep({ request, marks }: TrackedRequest, activity: Activity): void {
    const owner = request.caller?.name ?? ''
    this.ended.add({ activity, owner, gapCount: marks?.count ?? 0 }, weightOf(request))
  }

  /**
   * Marks requests as ended that the runtime terminated without notifying sluice, as far as it may do
   * that.
   */
  endSilent(now: number): void {
    if (!this.#isolates || now - this.#searchedAt < SEARCH_EVERY) return
    this.#searchedAt = now
    for (const [id, tracked] of this.running) {
      const { request } = tracked
      const { checkedAt = 0 } = request.exchange?.timeline ?? {}
      const limit = request.exchange ? SILENCE.running : SILENCE.reading
      if (now - Math.max(checkedAt, request.startedAt) < limit) continue
      this.running.delete(id)
      const activity = describeRequest(tracked, now)
      if (isListed(request))
        this.#keep(tracked, { ...activity, state: 'ended', outcome: 'cancelled' })
    }
  }

  /**
   * Stops a request that runs. Where requests are isolated, none may touch what another one holds: it
   * sees within half a second that it was stopped.
   */
  stop(tracked: TrackedRequest, isolates: boolean): void {
    tracked.stopped ??= stopped()
    const { exchange } = tracked.request
    if (exchange === undefined) return
    if (isolates) exchange.stopReason ??= tracked.stopped
    else exchange.stop(tracked.stopped)
  }
}

function weightOf({ exchange, outcome, caller }: ObservedRequest): Weight {
  if (outcome === 'failed') return 'failed'
  // Unauthenticated clients can send any number of refused requests.
  if (outcome === 'refused' && caller !== undefined) return 'failed'
  return exchange === undefined ? 'other' : 'answered'
}

function stopped(): ApiError {
  return new ApiError(
    499,
    'request: it was stopped by an administrator or by another request of the same key (POST /v1/activity/ID/cancel); send it again if it is still wanted.',
    { code: 'request_stopped' },
  )
}
