import { closestMatches } from '../util/closest-matches.ts'

/**
 * Settings that cannot be used. The message is one line: which setting, what was expected and what
 * was given, and what to do.
 *
 * @example
 * try {
 *   parseSettings({ queue: -1 })
 * } catch (error) {
 *   console.log(error instanceof SettingsError, error.message) // true queue: expected a whole number from 0 to 100000, got -1.
 * }
 */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

/** The message for a wrong value, which it shows cut to one short line. */
export function unexpected(setting: string, expected: string, given: unknown): SettingsError {
  return new SettingsError(`${setting}: expected ${expected}, got ${show(given)}.`)
}

/** The same for a value that may be a secret, so that it does not get into a log. */
export function notShown(setting: string, expected: string): SettingsError {
  return new SettingsError(
    `${setting}: expected ${expected}, got something else, which is not shown as it may be a secret.`,
  )
}

/**
 * The message for an unknown name, with the known ones that are most like it. `kind` is what the person
 * who wrote it calls such a name.
 */
export function unknownName(
  setting: string,
  name: string,
  known: Iterable<string>,
  kind: 'setting' | 'option' | 'field' = 'setting',
): SettingsError {
  const near = closestMatches(name, known)
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${setting}: there is no such ${kind}.${hint}`)
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)
  }
  // A flag that may be given several times.
  const isTexts = Array.isArray(value) && value.length > 0 && value.every(isText)
  if (isTexts) return show(value.join(', '))
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
