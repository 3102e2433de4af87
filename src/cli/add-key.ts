/** Adds a key to the settings file, whose comments and order stay as they are. */
import { rename, writeFile } from 'node:fs/promises'
import type { Key } from '../settings/keys.ts'
import { readFromDisk } from './settings-file.ts'

/** Only its owner may read it: it names those who may use the server. */
const MODE = 0o600

/**
 * Adds the entry of a key to the file at `path`. Rejects with a `SettingsError` where it cannot be read, and
 * with the system's error where it cannot be written.
 */
export async function addKey(path: string, key: Key): Promise<void> {
  const { applyEdits, modify } = await import('jsonc-parser')
  const { text } = await readFromDisk(path)
  const edits = modify(text, ['keys', -1], key, {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
    isArrayInsertion: true,
  })
  // In one step: whoever reads it meanwhile gets the former one or the new one.
  const partial = `${path}.${process.pid}.new`
  await writeFile(partial, applyEdits(text, edits), { mode: MODE, flag: 'wx' })
  await rename(partial, path)
}
