import { ApiError } from '../../wire/errors/api-error.ts'
import { isRequestError } from '../../wire/errors/reported-error.ts'
import { NOT_STARTED, START_FAILED } from '../managed/errors.ts'
import { isLoadFailure, isLoading } from '../upstream/model-loading.ts'

/**
 * What a failed attempt means for the choice of the next one:
 * - `refused`: the request or sluice is at fault; another engine would give the same answer.
 * - `overflow`: the request is too long for this model's context.
 * - `missing`: this engine lacks the model or the capability; another engine may have it.
 * - `busy`: the engine is overloaded, or still loads its model.
 * - `broken`: the engine failed.
 */
export type FailureKind = 'refused' | 'overflow' | 'missing' | 'busy' | 'broken'

/** Statuses below 500 that describe the engine's load rather than the request. */
const BUSY_STATUSES = new Set([408, 425, 429])

/** Wordings for a prompt that is too long; the error codes that come with them vary by server. */
const TOO_LONG =
  /maximum context length|context (length|size|window)|context the overflows|maximum model length/i

export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof ApiError)) return 'refused'
  const { status, code } = error
  if (BUSY_STATUSES.has(status) || code === 'engine_busy' || isLoading(error)) return 'busy'
  if (isOverflow(error)) return 'overflow'
  if (isUnsupported(error)) return 'missing'
  // The engine leads back to a sluice that this request has passed: not to be used for this
  // request.
  if (code === 'loop_detected') return 'missing'
  // A server that was sent a request as it came, and lacks what it asks for.
  if (status === 501 && code === 'model_not_capable') return 'missing'
  // 501 and 505 mean a missing feature: a retry would fail again.
  if (status >= 500) return status === 501 || status === 505 ? 'refused' : 'broken'
  return status === 404 ? 'missing' : 'refused'
}

/**
 * Servers report an overflow with a 4xx status, or in the first frame of a stream they have begun.
 */
function isOverflow({ code, type, message }: ApiError): boolean {
  if (code === 'context_length_exceeded' || type === 'exceed_context_size_error') return true
  return TOO_LONG.test(message)
}

/**
 * Whether a retry at the same engine may succeed. An answer in the wrong format would come again, and a
 * model that could not be loaded would be loaded once more, which takes long.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && error.code !== 'upstream_invalid' && !isLoadFailure(error)
}

/** The `Retry-After` of an error in milliseconds; undefined where it has none. */
export function retryAfterMs(error: unknown, now = Date.now()): number | undefined {
  const header = error instanceof ApiError ? error.headers['retry-after'] : undefined
  if (header === undefined) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/**
 * The engine can't process such a request: an image without a projector, a prompt above its batch
 * size.
 */
function isUnsupported({ status, message }: ApiError): boolean {
  // 400 is what an upstream's 5xx of this kind is mapped to; 502 is an error frame within a stream.
  return (status === 400 || status === 502) && isRequestError(withoutPrefix(message))
}

/** An error frame's own message, without the prefix that names the engine. */
function withoutPrefix(message: string): string {
  return message.replace(/^.{0,100}? failed while answering: /, '')
}

/**
 * Whom the circuit breaker holds responsible for a failed attempt:
 * - `nobody`: it shows nothing about the engine; the request could not be sent, or only on a connection
 *   that was stale, or sluice failed.
 * - `request`: the engine works, and refused the request.
 * - `answer`: the engine has the request and answered with a failure or something unusable, cut the
 *   connection, or missed a deadline. A long prompt, or one that makes the server crash, can provoke
 *   each of these, so it counts for the caller that sent the request.
 * - `engine`: it can't be reached, which no request can provoke. It counts for everyone.
 */
export type Blame = 'nobody' | 'request' | 'answer' | 'engine'

/** Codes of failures within sluice, and of servers that it starts, which have a backoff of their own. */
const OWN_CODES = new Set(['shutting_down', 'internal_error', START_FAILED, NOT_STARTED])

/** The one place that decides whether a failure counts against an engine. */
export function blameOf(error: unknown): Blame {
  if (!(error instanceof ApiError)) return 'nobody'
  const { code, evidence } = error
  if (OWN_CODES.has(code ?? '') || evidence === 'stale') return 'nobody'
  if (code === 'upstream_unreachable' && evidence === undefined) return 'engine'
  // The server works, and may serve other models.
  if (isLoadFailure(error)) return 'request'
  if (evidence === 'lost' || failureKind(error) === 'broken') return 'answer'
  return evidence === 'answered' || error.status >= 500 ? 'request' : 'nobody'
}
