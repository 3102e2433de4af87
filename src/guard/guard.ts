/** Access control: decided on the headers, before the body is read. */
import type { Host } from '../platform/host.ts'
import type { Key } from '../settings/keys.ts'
import type { Settings } from '../settings/settings.ts'
import type { Limits } from '../state/limits.ts'
import { memoryLimits } from '../state/memory-limits.ts'
import { withTimeout } from '../util/with-timeout.ts'
import type { KeyActivity } from '../wire/activity/schema.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { KeyUsage } from '../wire/key-usage/schema.ts'
import { isLocalAdmin } from './admin.ts'
import { admissionsOf } from './admissions.ts'
import type { Callers } from './authenticate.ts'
import { Caller } from './caller.ts'
import { requireAllowedHost } from './host.ts'
import { createApiKeys } from './keys.ts'
import { levelsOf, RecentCallers, usageOf } from './levels.ts'
import { type CallerLimits, rememberLimits } from './limits-of-key.ts'
import { corsHeaders, foreignOrigin } from './origin.ts'
import type { Afterwards } from './permit.ts'
import { requireShortHeaders } from './size.ts'

/** Characters of the name of an identity. */
const LONGEST_NAME = 128

/** Milliseconds for which a route that anyone may use waits to learn who asks. */
const FIND_TIMEOUT = 1_000

export interface Guard {
  /**
   * Checks host and origin of a request; returns the CORS headers for its response. Throws an `ApiError`
   * (403, 421, 431).
   */
  admit(request: Request): Record<string, string>
  /**
   * The caller of a request, who counts it when told to. Rejects with an `ApiError` (401, 503). `afterwards` runs work for
   * which the response does not wait.
   */
  identify(request: Request, afterwards: Afterwards): Promise<Caller>
  /**
   * The caller of a request, which is not counted; undefined where none is known within a second, or where
   * it may only read the metrics, or only offer a tab.
   */
  findCaller(request: Request): Promise<Caller | undefined>
  /** What is left of the limits of this caller, or of all for an admin. Rejects where the store does. */
  levels(caller: Caller): Promise<KeyActivity[]>
  /**
   * What this caller has used, or all have for an admin; only of `name` where that is given, and nothing where
   * there is no such key, or another may see it. Rejects where the store does.
   */
  usage(caller: Caller, name?: string): Promise<KeyUsage[]>
}

/** The options of a guard besides the settings. */
export interface GuardOptions extends Pick<Host, 'exposure'> {
  limits?: Limits | undefined
  /** Whether no request may be woken by another's timer. */
  isolates?: boolean | undefined
  /** Identifies callers instead of API keys, or besides them. */
  callers?: Callers | undefined
  /** Keys of tabs that were paired since the settings were read, by their hashes. */
  paired?: ReadonlyMap<string, Key> | undefined
}

export function createGuard(
  settings: Settings,
  { exposure = 'anyone', limits = memoryLimits(), callers, isolates, paired }: GuardOptions = {},
): Guard {
  const { allowHost, allowOrigin, keys, insecure } = settings
  const apiKeys = createApiKeys(keys, paired)
  const admissions = admissionsOf(limits, isolates)
  rememberLimits(keys)
  const recent = new RecentCallers()
  const isOpen = exposure !== 'anyone' || insecure
  // A public server relies on keys instead: nobody can list all of its host names.
  const checksHost = exposure === 'machine' || allowHost.length > 0

  async function callerOf(request: Request, afterwards?: Afterwards): Promise<Caller> {
    const identity = callers && (await callers.identify(request))
    if (identity) recent.add(identity)
    if (identity) return new Caller(identity, admissions, afterwards)
    if (callers && !apiKeys.areNeeded) throw callers.unknown()
    const key = await keyOf(apiKeys, request)
    if (key !== undefined) {
      recent.add(key)
      return new Caller(key, admissions, afterwards)
    }
    if (!isOpen) throw unprotected()
    return new Caller(undefined, admissions, afterwards, isLocalAdmin(request, exposure))
  }

  function findCaller(request: Request): Promise<Caller | undefined> {
    return withTimeout(
      FIND_TIMEOUT,
      callerOf(request).then(
        (caller) => (caller.isScraper || caller.isOffering ? undefined : caller),
        () => undefined,
      ),
    )
  }

  /** Those whose use a caller may see; without keys, all clients together. */
  function keyed(caller: Caller): CallerLimits[] {
    if (!caller.isAdmin || keys.length + recent.size === 0) return [caller.limits ?? { name: '' }]
    return recent.with(keys)
  }

  return {
    admit(request) {
      requireShortHeaders(request.headers)
      const host = request.headers.get('host') ?? new URL(request.url).host
      if (checksHost) requireAllowedHost(host, allowHost, settings.host)
      const origin = foreignOrigin(request, host, allowOrigin)
      if (origin !== undefined) return corsHeaders(request, origin)
      return allowOrigin.length > 0 ? { vary: 'origin' } : {}
    },
    identify: callerOf,
    findCaller,
    levels(caller) {
      const watched = caller.isAdmin ? recent.with(keys) : caller.limits ? [caller.limits] : []
      return Promise.all(watched.map((each) => levelsOf(each, limits)))
    },
    async usage(caller, name) {
      const seen = keyed(caller)
      if (name === undefined) return Promise.all(seen.map((each) => usageOf(each, limits)))
      const known = seen.find((each) => each.name === name)
      if (known !== undefined) return [await usageOf(known, limits)]
      if (!caller.isAdmin || callers === undefined || name.length > LONGEST_NAME) return []
      // A caller that a program identifies may be known to another instance only.
      const found = await usageOf({ name }, limits)
      return found.month.requests.used > 0 ? [found] : []
    },
  }
}

/** Where no keys are needed, one that offers a tab still says whose tab it is. */
function keyOf(keys: ReturnType<typeof createApiKeys>, request: Request): Promise<Key | undefined> {
  if (!keys.areNeeded) return keys.findOffering(request)
  return keys.find(request, new URL(request.url))
}

function unprotected(): ApiError {
  const message =
    'keys: expected at least one API key, because anyone can reach this server, got none, so every request is refused. Set a key ("sluice key new NAME" creates one), or allow everyone with SLUICE_INSECURE=1.'
  return new ApiError(503, message, { code: 'keys_missing' })
}
