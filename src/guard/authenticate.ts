/** Identities of one's own: who asks is told by a function instead of by a key. */
import { SettingsError, unexpected, unknownName } from '../settings/error.ts'
import { asError } from '../util/as-error.ts'
import { isObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
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
 * unread. Called for each request to a route that needs a key, before its body is read.
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
    const identity = await authenticate(request)
    if (request.bodyUsed) {
      throw new SettingsError(
        'authenticate: it read the body of the request, which is then lost; read a clone of it: request.clone().',
      )
    }
    return identity === undefined || identity === null ? undefined : read(identity)
  } catch (error) {
    throw error instanceof ApiError ? error : failed(error)
  }
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
