import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { describeRequest } from './describe.ts'
import { EndedRequests, type Weight } from './ended-requests.ts'
import { isListed } from './listed.ts'
import { TrackedRequest } from './tracked-request.ts'

/**
 * The requests that run, and those that ended last. Nothing is sent from here: whoever watches reads it,
 * so that a token costs a few numbers, and a request nothing that grows.
 */
export class ActivityFeed implements TelemetryFeature, RequestObserver {
  readonly running = new Map<string, TrackedRequest>()
  readonly ended = new EndedRequests()
  /** Whether requests are watched. */
  isOn = false

  configure({ activity }: Settings, _sources: Sources): RequestObserver | undefined {
    this.isOn = activity > 0
    this.ended.capacity = activity
    if (!this.isOn) this.running.clear()
    return this.isOn ? this : undefined
  }

  onArrival(request: ObservedRequest, headers: Headers): void {
    this.running.set(request.id, new TrackedRequest(request, headers))
  }

  onBody({ id }: ObservedRequest, body: unknown): void {
    this.running.get(id)?.readBody(body)
  }

  onExchange({ id }: ObservedRequest, exchange: Exchange): void {
    this.running.get(id)?.watch(exchange)
  }

  onEnd(request: ObservedRequest): void {
    const tracked = this.running.get(request.id)
    if (!this.running.delete(request.id) || tracked === undefined || !isListed(request)) return
    const activity = describeRequest(tracked, performance.now())
    const owner = request.caller?.name ?? ''
    this.ended.add({ activity, owner, gapCount: tracked.marks?.count ?? 0 }, weightOf(request))
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
  // Strangers can send any number of requests that are refused.
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
