import { createScanner } from 'jsonc-parser'
import { readSettingsFile, type SettingsFile } from '../../src/settings/file.ts'
import { finish } from '../../src/util/slices.ts'

/** What the text of a settings file holds. Throws a `SettingsError`. */
export function settingsText(text: string, name: string): SettingsFile {
  return finish(readSettingsFile(text, name, (each) => createScanner(each)))
}
