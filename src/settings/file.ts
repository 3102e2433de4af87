import { SettingsError, unexpected, unknownName } from './error.ts'
import { JsonLineError, type Lines, readLines } from './json-lines.ts'

/** What a settings file holds; each value still to be checked. */
export interface SettingsFile {
  /** How messages call it: `sluice.json`. */
  name: string
  values: Record<string, unknown>
  lines: Lines
}

/** Reads the text of a settings file. Throws a `SettingsError` that names the line. */
export function readSettingsFile(text: string, name: string): SettingsFile {
  const lines = linesOf(text, name)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unexpected(name, 'a JSON object', value)
  }
  // For editors, which find by it what may stand here.
  const { $schema: _, ...values } = value as Record<string, unknown>
  return { name, values, lines }
}

/**
 * What `check` returns; where it throws a `SettingsError` of something that stands in the file, the
 * error says on which line.
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

/** The deepest part of the message's path that stands in the file. */
function placed(error: SettingsError, { name, lines }: SettingsFile): SettingsError {
  let path = /^[\w.[\]]+(?=:)/.exec(error.message)?.[0] ?? ''
  while (path !== '' && !lines.has(path)) path = path.replace(/(^|\.|\[)[^.[]*$/, '')
  if (path === '') return error
  return new SettingsError(`${name}:${lines.get(path)}: ${error.message}`, { cause: error })
}

function linesOf(text: string, name: string): Lines {
  try {
    return readLines(text)
  } catch (error) {
    if (!(error instanceof JsonLineError)) throw error
    throw new SettingsError(`${name}:${error.line}: ${error.message}`, { cause: error })
  }
}
