/** Identities of one's own: who asks is told by a function instead of by a key. */
import { SettingsError, unexpected, unknownName } from '../settings/error.ts'
import { abortable } from '../util/abortable.ts'
import { asError } from '../util/as-error.ts'
import { isObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import type { CallerLimits } from './caller.ts'

/**
 * Who asks, and what they may use: the same as a key's entry in the settings. The name takes part in
 * everything a key's name does: limits, turns at a busy engine, who owns a stored response, and the
 * `key` of a log entry.
 */
export interface Identity {
  /** Unique; 1 to 128 characters without white space. Whoever has the same name is the same caller. */
  name: string
  /** Names of the models it may ask for, `*` standing for any characters; all by default. */
  models?: readonly string[]
  /** How many answers at once. */
  maxConcurrency?: number
  requestsPerMinute?: number
  /** Prompt and answer together. */
  tokensPerMinute?: number
}

/**
 * Tells who asks, from the headers of a request. Undefined or null: nobody that is known (401, unless
 * the request has one of the keys in the settings). An `ApiError` that is thrown is the answer; any
 * other error is logged as the cause of a 503 that tells the client nothing. The body must be left
 * unread. Called for each request to a route that needs a key, before its body is read; and, as callers
 * of sluice's own learn more there, for `/health`, `/health/ready`, `/status` and `/`, where whoever is
 * not known within a second counts as a stranger. On routes that need a key it has no deadline, but a
 * client that leaves ends its request.
 */
export type Authenticate = (
  request: Request,
) => Identity | null | undefined | PromiseLike<Identity | null | undefined>

const AMOUNTS = ['maxConcurrency', 'requestsPerMinute', 'tokensPerMinute'] as const
const FIELDS = ['name', 'models', ...AMOUNTS]
const NAME = /^[^\s\p{C}]{1,128}$/u

/** The identity behind a request; undefined where there is none. Rejects with an `ApiError`. */
export async function identityOf(
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

/** Rejects with `Cancelled` where the client leaves first: its request is over then. */
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

/** The 401 for whoever `authenticate` does not know. */
export function notAuthenticated(): ApiError {
  const message =
    'authentication: this server does not know who asks; send the credentials that it gave you.'
  return new ApiError(401, message, {
    code: 'invalid_api_key',
    headers: { 'www-authenticate': 'Bearer realm="sluice"' },
  })
}

function failed(cause: unknown): ApiError {
  const message = 'authentication: sluice could not find out who asks; its log says why. Try again.'
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
  if (models !== undefined && !(Array.isArray(models) && models.every(isText))) {
    throw unexpected('authenticate: models', 'names of models in an array', models)
  }
  for (const amount of AMOUNTS) {
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
