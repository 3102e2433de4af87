/** Whether an answer can be resumed: decided for every request, and so it loads nothing. */

import { quoted } from '../../util/safe/quoted.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { RouteContext } from '../route.ts'
import type { Trace } from '../trace.ts'
import type { Resume } from './resuming.ts'

/** Undefined where the stream is an ordinary one. Throws an `ApiError` (400) for a wrong header. */
export function resumeOf(
  { headers, signal }: Request,
  { caller, waitUntil }: Trace,
  context: RouteContext,
): Resume | undefined {
  const hasIds = asksForNumbers(headers)
  if (!hasIds && caller?.limits?.resumable !== true) return undefined
  const { responses, isolates, settings, hasSeveralCallers } = context
  const { runs } = responses
  // Its address would be looked for there, and not found; one place finds its own first.
  if (isolates && context.elsewhere !== undefined) return undefined
  // Where requests are isolated, work goes on after a response only as far as the runtime lets it.
  if (runs === undefined || (isolates && waitUntil === undefined)) return undefined
  const owner = caller?.name ?? ''
  const places = { places: settings.maxResumable, isShared: hasSeveralCallers }
  if (!runs.hasRoom(owner, places, silenceOf(context))) return undefined
  return { runs, owner, hasIds, ...detachable(signal) }
}

/** Milliseconds after which a run has been ended by a runtime that isolates requests. */
export function silenceOf({ settings, isolates }: RouteContext): number | undefined {
  return isolates ? 3 * settings.heartbeat + 15_000 : undefined
}

/** Whether the client wants each event with its number. Throws an `ApiError` (400). */
export function asksForNumbers(headers: Headers): boolean {
  const asked = headers.get('x-sluice-resume')
  if (asked === null || asked === '0') return false
  if (asked === '1') return true
  throw badRequest(
    `x-sluice-resume: expected 1 for a stream that can be resumed, or 0, got ${quoted(asked)}; correct the header, or leave it out.`,
    'x-sluice-resume',
  )
}

function detachable(signal: AbortSignal) {
  const control = new AbortController()
  const abort = () => control.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return {
    client: signal,
    attached: control,
    detach: () => signal.removeEventListener('abort', abort),
  }
}
