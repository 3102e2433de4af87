/** Who may come in: decided on the headers, before anything is read of the body. */
import type { Host } from '../platform/host.ts'
import type { Settings } from '../settings/settings.ts'
import { type LimitStore, memoryLimits } from '../state/limit-store.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { type Authenticate, identityOf, notAuthenticated } from './authenticate.ts'
import { type Afterwards, Caller } from './caller.ts'
import { requireAllowedHost } from './host.ts'
import { createApiKeys } from './keys.ts'
import { corsHeaders, foreignOrigin } from './origin.ts'
import { requireShortHeaders } from './size.ts'

export interface Guard {
  /**
   * Lets a request in by where it comes from; returns the headers its answer has to have. Throws an
   * `ApiError` (403, 421, 431).
   */
  admit(request: Request): Record<string, string>
  /** Who it is. Rejects with an `ApiError` (401, 429, 503). `afterwards` does what no response waits for. */
  identify(request: Request, afterwards: Afterwards): Promise<Caller>
  /** Who it is, where it may be told what runs here; undefined for a stranger. Counts nothing. */
  findCaller(request: Request): Promise<Caller | undefined>
  /** Whether it may be told what runs here. */
  isAuthorized(request: Request): Promise<boolean>
}

/** What a guard is given beside the settings. */
export interface GuardOptions extends Pick<Host, 'exposure'> {
  limits?: LimitStore | undefined
  /** Tells who asks, by identities of one's own. */
  authenticate?: Authenticate | undefined
}

export function createGuard(
  settings: Settings,
  { exposure = 'anyone', limits = memoryLimits(), authenticate }: GuardOptions = {},
): Guard {
  const { allowHost, allowOrigin, keys, insecure } = settings
  const apiKeys = createApiKeys(keys)
  const anyone = new Caller(undefined, limits)
  const isOpen = exposure !== 'anyone' || insecure
  // Elsewhere it is for keys to say who may ask: nobody can know all names of a public server.
  const checksHost = exposure === 'machine' || allowHost.length > 0

  async function callerOf(request: Request, afterwards?: Afterwards): Promise<Caller> {
    const identity = authenticate && (await identityOf(request, authenticate))
    if (identity) return new Caller(identity, limits, afterwards)
    if (authenticate && keys.length === 0) throw notAuthenticated()
    if (keys.length > 0) {
      const key = await apiKeys.find(request, new URL(request.url))
      return new Caller(key, limits, afterwards)
    }
    if (isOpen) return anyone
    throw unprotected()
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
    async identify(request, afterwards) {
      const caller = await callerOf(request, afterwards)
      await caller.countRequest()
      return caller
    },
    findCaller: (request) => callerOf(request).catch(() => undefined),
    isAuthorized: (request) =>
      callerOf(request).then(
        () => true,
        () => false,
      ),
  }
}

function unprotected(): ApiError {
  const message =
    'keys: expected at least one API key, because anyone can reach this server, got none, so every request is refused. Set a key ("sluice key new NAME" creates one), or allow everyone with SLUICE_INSECURE=1.'
  return new ApiError(503, message, { code: 'keys_missing' })
}
