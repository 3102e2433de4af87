/** Settings files: JSON, in which comments and trailing commas are allowed. */
import type { Steps } from '../util/slices.ts'
import { SettingsError, unexpected, unknownName } from './error.ts'
import { fileProblem } from './json-messages.ts'
import { parseJsonc, type Scanner } from './jsonc.ts'
import { type Lines, linesOf } from './lines.ts'

/** What a settings file holds; each value still to be checked. */
export interface SettingsFile {
  /** How messages call it: `sluice.json`. */
  name: string
  values: Record<string, unknown>
  lines: Lines
}

/**
 * Reads the text of a settings file in steps, whose tokens `scan` finds. Throws a `SettingsError` that
 * names the line.
 */
export function* readSettingsFile(
  given: string,
  name: string,
  scan: (text: string) => Scanner,
): Steps<SettingsFile> {
  // Editors on Windows begin a file with a byte order mark.
  const text = given.replace(/^\uFEFF/, '')
  const scanner = scan(text)
  const parsed = yield* parseJsonc(scanner, (problem) => fileProblem(text, name, scanner, problem))
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unexpected(name, 'a JSON object', value)
  }
  // Editors find the JSON Schema by it.
  const { $schema: _, ...values } = value as Record<string, unknown>
  return { name, values, lines: linesOf(parsed) }
}

/**
 * Does the steps; where they throw a `SettingsError` about something in the file, the error gets the
 * line.
 */
export function* located<T>(file: SettingsFile | undefined, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
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
  while (path !== '' && lines.get(path) === undefined) path = path.replace(/(^|\.|\[)[^.[]*$/, '')
  return path === '' ? message : `${name}:${lines.get(path)}: ${message}`
}
