/** Adds a key to the settings file, whose comments and order stay as they are. */
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Key } from '../settings/keys.ts'
import { readFromDisk } from './settings-file.ts'

/** Only its owner may read it: it names those who may use the server. */
const MODE = 0o600

/** The key that is added now: the next one is added to what this one has written. */
let adding: Promise<unknown> = Promise.resolve()

/**
 * Adds the entry of a key to the file at `path`. Rejects with a `SettingsError` where it cannot be read, and
 * with the system's error where it cannot be written.
 */
export function addKey(path: string, key: Key): Promise<void> {
  const added = adding.then(() => add(path, key))
  adding = added.catch(() => {})
  return added
}

async function add(path: string, key: Key): Promise<void> {
  const { applyEdits, modify } = await import('jsonc-parser')
  const { text } = await readFromDisk(path)
  const edits = modify(text, ['keys', -1], key, {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
    isArrayInsertion: true,
  })
  // In one step: whoever reads it meanwhile gets the former one or the new one.
  const partial = `${path}.${crypto.randomUUID()}.new`
  try {
    await writeFile(partial, applyEdits(text, edits), { mode: MODE, flag: 'wx' })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
