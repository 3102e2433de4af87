import { Buffer } from 'node:buffer'
import { hashKey } from '../../guard/keys.ts'
import { readKey } from '../../settings/keys.ts'
import { SettingsError } from '../../settings/settings.ts'

/** Bytes of a key's random part: nobody guesses 256 bits. */
const LENGTH = 32

const USAGE = 'key: expected "sluice key new NAME".'

/** `sluice key new NAME`: a new key, and the entry by which settings know it. Throws a `SettingsError`. */
export async function newKey(words: readonly string[]): Promise<string> {
  const [verb, name, ...rest] = words
  if (verb !== 'new' || name === undefined || rest.length > 0) throw new SettingsError(USAGE)
  const random = crypto.getRandomValues(new Uint8Array(LENGTH))
  const key = `sluice_${Buffer.from(random).toString('base64url')}`
  const entry = readKey({ name, hash: await hashKey(key) }, 'key')
  return `The key of ${name}, shown this once; clients send it as "Authorization: Bearer KEY":

  ${key}

Its entry, for "keys": [ … ] in sluice.json, or in SLUICE_KEYS='[ … ]':

  ${JSON.stringify(entry)}

An entry may also have "models", "requestsPerMinute", "tokensPerMinute", "maxConcurrency", "expires" and "disabled".
`
}
