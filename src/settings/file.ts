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

function linesOf(text: string, name: string): Lines {
  try {
    return readLines(text)
  } catch (error) {
    if (!(error instanceof JsonLineError)) throw error
    throw new SettingsError(`${name}:${error.line}: ${error.message}`, { cause: error })
  }
}
