import { isObject } from '../util/object.ts'
import { inEntry, type Warn, warnOnce, withNewNames } from './deprecated.ts'
import { SettingsError, unexpected, unknownName } from './error.ts'
import { readModels } from './names.ts'

/** A key as code or a settings file gives it. */
export interface KeyInput {
  /** Unique; what logs call whoever uses it. */
  name: string
  /** `sha256:` and 64 hexadecimal digits, as `sluice key new NAME` prints it. */
  hash: string
  /** Names of the models it may ask for, `*` standing for any characters; all by default. */
  models?: readonly string[]
  requestsPerMinute?: number
  /** Prompt and answer together. */
  tokensPerMinute?: number
  /** How many answers at once. */
  maxConcurrency?: number
  /** @deprecated The former name of `maxConcurrency`. */
  streams?: number
  /** The moment from which on it is refused: `2027-01-31`, `2027-01-31T12:00:00Z`. */
  expires?: string
  disabled?: boolean
}

/** A key ready for use. */
export interface Key extends Omit<KeyInput, 'expires' | 'models' | 'streams'> {
  models?: string[]
  /** Milliseconds since 1970. */
  expires?: number
}

export const parts: readonly string[] = [
  'name',
  'hash',
  'models',
  'requestsPerMinute',
  'tokensPerMinute',
  'maxConcurrency',
  'expires',
  'disabled',
]
const HASH = /^sha256:[0-9a-f]{64}$/
const NAME = /^[\w.@-]{1,64}$/
const LARGEST = 1e12

/** One key as it was given: an object, or `NAME=sha256:…`. Throws a `SettingsError`. */
export function readKey(item: unknown, shownAs: string, warn: Warn = warnOnce): Key {
  const given = isObject(item) ? withNewNames('keys', item, warn, inEntry(shownAs)) : item
  if (typeof given === 'string') {
    const [, name, hash] = /^([^=]*)=(.*)$/s.exec(given.trim()) ?? []
    return { name: readName(name, shownAs), hash: readHash(hash, shownAs) }
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw hidden(shownAs, 'NAME=sha256:… or an object with a name and a hash')
  }
  for (const part of Object.keys(given)) {
    if (!parts.includes(part)) throw unknownName(`${shownAs}.${part}`, part, parts)
  }
  const { models, expires, disabled, ...rest } = given as Record<string, unknown>
  return {
    name: readName(rest.name, `${shownAs}.name`),
    hash: readHash(rest.hash, `${shownAs}.hash`),
    ...(models !== undefined && { models: readModels(models, `${shownAs}.models`) }),
    ...readAmounts(rest, shownAs),
    ...(expires !== undefined && { expires: readMoment(expires, `${shownAs}.expires`) }),
    ...(disabled !== undefined && { disabled: readFlag(disabled, `${shownAs}.disabled`) }),
  }
}

/** Throws a `SettingsError` where two have one name or one hash. */
export function requireDistinct(keys: readonly Key[]): void {
  const names = new Set<string>()
  const hashes = new Set<string>()
  for (const { name, hash } of keys) {
    if (names.has(name)) throw unexpected('keys', 'a name that is not taken', name)
    if (hashes.has(hash)) throw new SettingsError(`keys: ${name} has the hash of another key.`)
    names.add(name)
    hashes.add(hash)
  }
}

function readName(given: unknown, shownAs: string): string {
  if (typeof given === 'string' && NAME.test(given)) return given
  throw hidden(shownAs, 'a name of letters, digits, ".", "_", "@" and "-"')
}

/** Never shown: whoever puts the key itself here must not find it in a log. */
function readHash(given: unknown, shownAs: string): string {
  if (typeof given === 'string' && HASH.test(given)) return given
  throw hidden(shownAs, '"sha256:" and 64 hexadecimal digits, as "sluice key new NAME" prints it')
}

function readAmounts(given: Record<string, unknown>, shownAs: string): Partial<Key> {
  const amounts: Partial<Key> = {}
  for (const name of ['requestsPerMinute', 'tokensPerMinute', 'maxConcurrency'] as const) {
    const amount = given[name]
    if (amount === undefined) continue
    if (!Number.isInteger(amount) || Number(amount) < 1 || Number(amount) > LARGEST) {
      throw unexpected(`${shownAs}.${name}`, 'a whole number above 0', amount)
    }
    amounts[name] = Number(amount)
  }
  return amounts
}

/** A number is a moment that was read before. */
function readMoment(given: unknown, shownAs: string): number {
  const isDate = typeof given === 'string' && /^\d{4}-\d\d-\d\d/.test(given)
  const moment = isDate ? Date.parse(given) : given
  if (typeof moment === 'number' && Number.isFinite(moment)) return moment
  throw unexpected(shownAs, 'a date, such as 2027-01-31 or 2027-01-31T12:00:00Z', given)
}

function readFlag(given: unknown, shownAs: string): boolean {
  if (typeof given === 'boolean') return given
  throw unexpected(shownAs, 'true or false', given)
}

function hidden(shownAs: string, expected: string): SettingsError {
  return new SettingsError(`${shownAs}: expected ${expected}, got something else.`)
}
