/** Callers that a function of the embedding program identifies, instead of API keys. */
import { SettingsError, unexpected, unknownName } from '../settings/error.ts'
import { abortable } from '../util/abortable.ts'
import { asError } from '../util/as-error.ts'
import { isObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { type CallerLimits, LIMIT_FIELDS } from './limits-of-key.ts'

/**
 * A caller, and what the caller may use, with the same fields as a key's entry in the settings. The
 * name is used wherever a key's name is: for limits, for turns in the queue of a busy engine, for the
 * owner of a stored response, and as `key` in the log.
 */
export interface Identity {
  /** Unique; 1 to 128 characters without white space. The same name means the same caller. */
  name: string
  /**
   * Lets the caller see the engines, their states and errors, and the runtime, as `admin: true` does
   * for a key. False by default.
   */
  admin?: boolean
  /** Lets the caller read `GET /metrics` and nothing else, as `metrics: true` does for a key. */
  metrics?: boolean
  /** Has every stream of the caller go on after a disconnect, as `resumable: true` does for a key. */
  resumable?: boolean
  /** The models that the caller may use, where `*` stands for any characters; all by default. */
  models?: readonly string[]
  /** The most requests at the same time. */
  maxConcurrency?: number
  requestsPerMinute?: number
  /** Prompt and answer together. */
  tokensPerMinute?: number
  /** Days and months are those of UTC. */
  requestsPerDay?: number
  tokensPerDay?: number
  requestsPerMonth?: number
  tokensPerMonth?: number
}

/**
 * Identifies the caller from the headers of a request. Returning undefined or null means an unknown
 * caller: 401, unless the request has one of the keys in the settings. A thrown `ApiError` becomes the
 * answer; any other error becomes a 503, with its message only in the log. The body must not be read.
 *
 * Called before the body is read, for each request to a route that needs a key, where it has no
 * deadline; the request ends when the client disconnects. Also called for `/health`, `/health/ready`,
 * `/status` and `/`, which show more to known callers; there, a caller who is not identified within a
 * second counts as unknown.
 */
export type Authenticate = (
  request: Request,
) => Identity | null | undefined | PromiseLike<Identity | null | undefined>

/** How callers are identified beside the keys of the settings. */
export interface Callers {
  /** Who sent a request; undefined where that is unknown. Rejects with an `ApiError`. */
  identify(request: Request): Promise<CallerLimits | undefined>
  /** The error (401) for somebody unknown. */
  unknown(): ApiError
}

/** Those whom a function of the program identifies, where it gave one. */
export function callersOf({ authenticate }: { authenticate?: Authenticate }): {
  callers?: Callers
} {
  if (authenticate === undefined) return {}
  const identify = (request: Request) => identityOf(request, authenticate)
  return { callers: { identify, unknown: notAuthenticated } }
}

const FLAGS = ['admin', 'metrics', 'resumable'] as const
const FIELDS = ['name', ...FLAGS, 'models', ...LIMIT_FIELDS]
const NAME = /^[^\s\p{C}]{1,128}$/u

/** The identity of a request's caller; undefined if there is none. Rejects with an `ApiError`. */
async function identityOf(
  request: Request,
  authenticate: Authenticate,
): Promise<CallerLimits | undefined> {
  try {
    const asking = authenticate(request)
    const identity = isPromise(asking) ? await unlessLeft(asking, request.signal) : asking
    if (request.bodyUsed || request.body?.locked) {
      throw new SettingsError(
        'authenticate: it read or locked the body of the request, which is then lost; read a clone of it: request.clone().',
      )
    }
    return identity === undefined || identity === null ? undefined : read(identity)
  } catch (error) {
    throw error instanceof ApiError || error instanceof Cancelled ? error : failed(error)
  }
}

/** Rejects with `Cancelled` if the client disconnects first. */
async function unlessLeft<T>(asking: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  try {
    return await abortable(Promise.resolve(asking), signal)
  } catch (error) {
    throw signal.aborted ? new Cancelled('the client left', { cause: error }) : error
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return isObject(value) && typeof value.then === 'function'
}

/** The 401 for a caller that `authenticate` does not know. */
function notAuthenticated(): ApiError {
  const message =
    'authentication: expected credentials that this server knows, got none or others; send those that it gave you.'
  return new ApiError(401, message, {
    code: 'invalid_api_key',
    headers: { 'www-authenticate': 'Bearer realm="sluice"' },
  })
}

function failed(cause: unknown): ApiError {
  const message =
    'authentication: the server could not identify the caller; its log has the cause. Try again later.'
  return new ApiError(503, message, {
    code: 'authentication_failed',
    headers: { 'retry-after': '5' },
    cause: asError(cause),
  })
}

/** Throws a `SettingsError`: a limit with a misspelled name would not limit anything. */
function read(identity: unknown): CallerLimits {
  if (!isObject(identity)) {
    throw unexpected('authenticate', 'an object with a name, undefined or null', identity)
  }
  for (const name of Object.keys(identity)) {
    if (!FIELDS.includes(name)) throw unknownName(`authenticate: ${name}`, name, FIELDS)
  }
  const { name, models } = identity
  if (typeof name !== 'string' || !NAME.test(name)) {
    const expected = 'a text of 1 to 128 characters without white space'
    throw unexpected('authenticate: name', expected, typeof name === 'string' ? 'another' : name)
  }
  for (const flag of FLAGS) {
    const given = identity[flag]
    if (given !== undefined && typeof given !== 'boolean') {
      throw unexpected(`authenticate: ${flag}`, 'true or false', given)
    }
  }
  if (models !== undefined && !(Array.isArray(models) && models.every(isText))) {
    throw unexpected('authenticate: models', 'names of models in an array', models)
  }
  for (const amount of LIMIT_FIELDS) {
    const given = identity[amount]
    const isAmount = typeof given === 'number' && Number.isInteger(given) && given > 0
    if (given !== undefined && !isAmount) {
      throw unexpected(`authenticate: ${amount}`, 'a whole number above 0', given)
    }
  }
  return identity as unknown as CallerLimits
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
