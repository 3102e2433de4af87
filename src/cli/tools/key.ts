import { Buffer } from 'node:buffer'
import { hashKey } from '../../guard/keys.ts'
import { keyOptions } from '../../settings/key-options.ts'
import { readKey } from '../../settings/keys.ts'
import { SettingsError } from '../../settings/settings.ts'
import type { KeyRole } from '../flags.ts'

/** Bytes of the random part of a key: 256 bits cannot be guessed. */
const LENGTH = 32

const USAGE =
  'key: expected "new NAME" and at most --admin or --metrics, got something else; write "sluice key new NAME".'

/** The text of `sluice key --help`. */
export const keyHelp = `usage: sluice key new NAME [--admin | --metrics]

Makes an API key for the client NAME and prints it once, with its entry for the settings, which
holds only the hash of the key. NAME has letters, digits, ".", "_", "@" and "-", and is shown in logs.

  --admin
      Lets the key see the engines, their states and errors, and the runtime.
  --metrics
      Lets the key read GET /metrics and nothing else, for a program that collects metrics.
`

/** `sluice key new NAME`: a new key, and its entry for the settings. Throws a `SettingsError`. */
export async function newKey(
  words: readonly string[],
  roles: readonly KeyRole[] = [],
): Promise<string> {
  const [verb, name, ...rest] = words
  const isTooMuch = rest.length > 0 || roles.length > 1
  if (verb !== 'new' || name === undefined || isTooMuch) throw new SettingsError(USAGE)
  const random = crypto.getRandomValues(new Uint8Array(LENGTH))
  const key = `sluice_${Buffer.from(random).toString('base64url')}`
  const granted = Object.fromEntries(roles.map((role) => [role, true]))
  const entry = readKey({ name, hash: await hashKey(key), ...granted }, 'key')
  const others = Object.keys(keyOptions).filter((option) => !Object.hasOwn(entry, option))
  const more = `${others
    .slice(0, -1)
    .map((option) => JSON.stringify(option))
    .join(', ')} and ${JSON.stringify(others.at(-1))}`
  return `The key of ${name}, which is not shown again; clients send it as "Authorization: Bearer KEY":

  ${key}

Its entry, for "keys": [ … ] in sluice.json, or in SLUICE_KEYS='[ … ]':

  ${JSON.stringify(entry)}

An entry may also have ${more}.
`
}
