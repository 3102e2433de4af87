/** The entries of the keys that clients present. */
import * as z from 'zod/mini'
import type { Item } from './declaration.ts'
import { type Warn, warnOnce } from './deprecated.ts'
import { entrySchema, readEntry, readOption } from './entry.ts'
import { notShown, SettingsError, unexpected } from './error.ts'
import type { KeyInput } from './generated/entry-inputs.ts'
import type { EntryOutput } from './infer.ts'
import { keyOptions } from './key-options.ts'

/** A key ready for use; `expires` is milliseconds since 1970. */
export interface Key extends EntryOutput<typeof keyOptions> {}

export const keyItem: Item<string | KeyInput, Key> = {
  schema: () =>
    z.union([z.string(), entrySchema(keyOptions)]) as z.ZodMiniType<unknown, string | KeyInput>,
  options: keyOptions,
  read: readKey,
}

const EXPECTED =
  'NAME=sha256:…, as "sluice key new NAME" prints it, or an object with a name and a hash'

/** One key as it was given: an object, or `NAME=sha256:…`. Throws a `SettingsError`. */
export function readKey(item: unknown, shownAs: string, warn: Warn = warnOnce): Key {
  if (typeof item === 'string') {
    const [, name, hash] = /^([^=]*)=(.*)$/s.exec(item.trim()) ?? []
    if (name === undefined) throw notShown(shownAs, EXPECTED, item)
    return {
      name: readOption(keyOptions.name, name, shownAs) as string,
      hash: readOption(keyOptions.hash, hash, shownAs) as string,
    }
  }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw notShown(shownAs, EXPECTED, item)
  }
  const key = readEntry(keyOptions, item, shownAs, warn) as unknown as Key
  if (key.admin && key.metrics) {
    throw new SettingsError(
      `${shownAs}: expected admin or metrics to be true, got both; an admin key may read the metrics, so leave metrics out.`,
    )
  }
  return key
}

/** Throws a `SettingsError` where two have one name or one hash. */
export function requireDistinct(keys: readonly Key[]): void {
  const names = new Set<string>()
  const hashes = new Set<string>()
  for (const [index, { name, hash }] of keys.entries()) {
    if (names.has(name)) {
      throw unexpected(
        `keys[${index}].name`,
        'a name that no other key has',
        name,
        'choose another',
      )
    }
    if (hashes.has(hash)) {
      throw new SettingsError(
        `keys[${index}].hash: expected a hash that no other key has, got the same for ${name} and another; remove one of them.`,
      )
    }
    names.add(name)
    hashes.add(hash)
  }
}
