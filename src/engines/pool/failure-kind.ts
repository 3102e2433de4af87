import { ApiError } from '../../wire/errors/api-error.ts'
import { isRequestError } from '../../wire/errors/reported-error.ts'
import { isLoading } from '../upstream/model-loading.ts'

/**
 * What a failed attempt says. `refused`: the request is at fault, or sluice; asking elsewhere would
 * change nothing. `overflow`: it is too long for this model. `missing`: this engine has not got the
 * model, or it can't take such a request and another one may. `busy`: it has too much to do.
 * `broken`: the engine failed.
 */
export type Verdict = 'refused' | 'overflow' | 'missing' | 'busy' | 'broken'

/** Statuses below 500 that tell of the engine rather than of the request. */
const BUSY = new Set([408, 425, 429])

/** What servers say where a prompt is too long, whatever code they give it. */
const TOO_LONG =
  /maximum context length|context (length|size|window)|context the overflows|maximum model length/i

export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof ApiError)) return 'refused'
  const { status, code } = error
  if (BUSY.has(status) || code === 'engine_busy' || isLoading(error)) return 'busy'
  if (isOverflow(error)) return 'overflow'
  if (isUnable(error)) return 'missing'
  // It leads back to where the request came from: for this request it is not there.
  if (code === 'loop_detected') return 'missing'
  // What it can't do at all, it can't do the next time either.
  if (status >= 500) return status === 501 || status === 505 ? 'refused' : 'broken'
  return status === 404 ? 'missing' : 'refused'
}

/** Some servers refuse so, others fail so in the first frame of a stream that they have begun. */
function isOverflow({ code, type, message }: ApiError): boolean {
  if (code === 'context_length_exceeded' || type === 'exceed_context_size_error') return true
  return TOO_LONG.test(message)
}

/** Whether the same engine may do better the next time: it does not merely speak another language. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && error.code !== 'upstream_invalid'
}

/** Milliseconds for which an engine asks to be left alone; undefined where it says nothing. */
export function restOf(error: unknown, now = Date.now()): number | undefined {
  const given = error instanceof ApiError ? error.headers['retry-after'] : undefined
  if (given === undefined) return undefined
  const ms = /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1000 : Date.parse(given) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** It was not made for such a request: an image without a projector, more than its batch holds. */
function isUnable({ status, message }: ApiError): boolean {
  // The status that an upstream's failure of this kind is given, and that of an error in a stream.
  return (status === 400 || status === 502) && isRequestError(bare(message))
}

/** An error frame's own words, behind those that say whose they are. */
function bare(message: string): string {
  return message.replace(/^.{0,100}? failed while answering: /, '')
}

/**
 * Whose fault a failed attempt was, as far as its engine's breaker goes. `nobody`: it shows nothing of
 * the engine, since the request could not be sent or sluice itself failed. `request`: the engine works, and
 * refuses. `answer`: the engine answered that it failed, or in a way that can't be used, which a
 * request may have provoked: it counts for whoever sent that. `engine`: it can't be reached, broke
 * off, or missed a deadline: it counts whoever asked.
 */
export type Blame = 'nobody' | 'request' | 'answer' | 'engine'

/** Codes of what went wrong on this side. */
const OURS = new Set(['shutting_down', 'internal_error'])

/** Codes of a connection that is gone, and of silence. */
const LOST = /_(unreachable|truncated|timeout)$/

/** The one place where it is decided whether a failure counts against an engine. */
export function blameOf(error: unknown): Blame {
  if (!(error instanceof ApiError)) return 'nobody'
  const { code, evidence } = error
  if (OURS.has(code ?? '')) return 'nobody'
  if (evidence === 'lost' || (evidence === undefined && LOST.test(code ?? ''))) return 'engine'
  if (verdictOf(error) === 'broken') return 'answer'
  return evidence === 'answered' || error.status >= 500 ? 'request' : 'nobody'
}
