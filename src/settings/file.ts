/** Settings files: JSON, in which comments and trailing commas are allowed. */
import { SettingsError, unexpected, unknownName } from './error.ts'
import { type Lines, parseJsonc } from './jsonc.ts'

/** What a settings file holds; each value still to be checked. */
export interface SettingsFile {
  /** How messages call it: `sluice.json`. */
  name: string
  values: Record<string, unknown>
  lines: Lines
}

/** Reads the text of a settings file. Rejects with a `SettingsError` that names the line. */
export async function readSettingsFile(text: string, name: string): Promise<SettingsFile> {
  // Editors on Windows begin a file with a byte order mark.
  const { value, lines } = await parseJsonc(text.replace(/^\uFEFF/, ''), name)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unexpected(name, 'a JSON object', value)
  }
  // Editors find the JSON Schema by it.
  const { $schema: _, ...values } = value as Record<string, unknown>
  return { name, values, lines }
}

/**
 * What `check` returns; where it throws a `SettingsError` about something in the file, the error
 * gets the line.
 */
export function located<T>(file: SettingsFile | undefined, check: () => T): T {
  try {
    return check()
  } catch (error) {
    const isKnown = file !== undefined && error instanceof SettingsError
    throw isKnown ? placed(error, file) : error
  }
}

export function unknownInFile(file: SettingsFile, name: string, known: string[]): SettingsError {
  return placed(unknownName(name, name, known), file)
}

function placed(error: SettingsError, file: SettingsFile): SettingsError {
  const message = withLine(file, error.message)
  return message === error.message ? error : new SettingsError(message, { cause: error })
}

/** A message that begins with a path, behind the line of the deepest part of it in the file. */
export function withLine({ name, lines }: SettingsFile, message: string): string {
  let path = /^[\w.[\]]+(?=[: ])/.exec(message)?.[0] ?? ''
  while (path !== '' && !lines.has(path)) path = path.replace(/(^|\.|\[)[^.[]*$/, '')
  return path === '' ? message : `${name}:${lines.get(path)}: ${message}`
}
