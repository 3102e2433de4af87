/** The limits of a key, without what else it has: a store is told nothing more. */
import type { Key } from '../settings/keys.ts'
import type { LimitsOfKey } from '../state/limits.ts'

/** The name and limits of a caller: those of an API key, or of an identity from `authenticate`. */
export type CallerLimits = Pick<
  Key,
  | 'name'
  | 'admin'
  | 'metrics'
  | 'models'
  | 'resumable'
  | 'offers'
  | 'owner'
  | 'shared'
  | 'tabs'
  | keyof LimitsOfKey
> &
  Partial<Pick<Key, 'hash'>>

/** The names of all limits, which an identity of `authenticate` may have, too. */
export const LIMIT_FIELDS = [
  'maxConcurrency',
  'requestsPerMinute',
  'tokensPerMinute',
  'requestsPerDay',
  'tokensPerDay',
  'requestsPerMonth',
  'tokensPerMonth',
] as const satisfies (keyof LimitsOfKey)[]

const QUOTAS = [
  'requestsPerDay',
  'tokensPerDay',
  'requestsPerMonth',
  'tokensPerMonth',
] as const satisfies (keyof LimitsOfKey)[]

/** Limits whose quotas refuse nothing. They stay, so that a store goes on to count for them. */
export function withoutQuotas(limits: LimitsOfKey): LimitsOfKey {
  const raised: LimitsOfKey = { ...limits }
  for (const name of QUOTAS) {
    if (limits[name] !== undefined) raised[name] = Number.MAX_SAFE_INTEGER
  }
  return raised
}

/** Those of the settings' keys, which are the same objects for each request; null where a key has none. */
const remembered = new WeakMap<LimitsOfKey, LimitsOfKey | null>()

export function rememberLimits(keys: readonly LimitsOfKey[]): void {
  for (const key of keys) remembered.set(key, read(key))
}

/** The limits of a key; undefined where it has none. */
export function limitsOf(key: LimitsOfKey): LimitsOfKey | undefined {
  const known = remembered.get(key)
  return (known === undefined ? read(key) : known) ?? undefined
}

function read(key: LimitsOfKey): LimitsOfKey | null {
  const limits: LimitsOfKey = {}
  let hasAny = false
  for (const name of LIMIT_FIELDS) {
    if (key[name] === undefined) continue
    limits[name] = key[name]
    hasAny = true
  }
  return hasAny ? limits : null
}

/** Whether there is a most of requests, of whatever size. */
export function limitsRequests(limits: LimitsOfKey): boolean {
  const { requestsPerMinute, requestsPerDay, requestsPerMonth } = limits
  return (requestsPerMinute ?? requestsPerDay ?? requestsPerMonth) !== undefined
}
