import { closestMatches } from '../util/closest-matches.ts'
import { cut } from '../util/safe/cut.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** The most characters of a message. */
const MAX_MESSAGE = 4_000

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

  constructor(message?: string, options?: ErrorOptions) {
    // It may quote a value, and is printed.
    super(message === undefined ? message : terminalLine(cut(message, MAX_MESSAGE)), options)
  }
}

/** The message for a wrong value, which it shows cut to one short line; `advice` says what to do. */
export function unexpected(
  setting: string,
  expected: string,
  given: unknown,
  advice?: string,
): SettingsError {
  const end = advice === undefined ? '' : `; ${advice}`
  return new SettingsError(`${setting}: expected ${expected}, got ${show(given)}${end}.`)
}

/** The same for a value that may be a secret, so that it does not get into a log. */
export function notShown(setting: string, expected: string, given: unknown): SettingsError {
  const got = given === undefined ? 'nothing; add it' : kindOf(given)
  return new SettingsError(`${setting}: expected ${expected}, got ${got}.`)
}

/** What kind of value it is, where that says nothing of a secret. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === '') return 'an empty text'
  if (Array.isArray(value) && value.length === 0) return 'an empty array'
  return `${hiddenKindOf(value)}, which is not shown as it may be a secret`
}

function hiddenKindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return value.every(isText) ? 'an array' : 'an array of other values than texts'
  }
  if (typeof value === 'string') return 'another text'
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`
}

/** So many names that a message can list them. */
const FEW = 30

/**
 * The message for an unknown name, with the known ones that are most like it, or where to find them.
 * `kind` is what the person who wrote it calls such a name.
 */
export function unknownName(
  setting: string,
  name: string,
  known: Iterable<string>,
  kind: 'setting' | 'option' | 'field' = 'setting',
): SettingsError {
  const all = [...known]
  const near = closestMatches(name, all)
  const where =
    all.length <= FEW ? `Use one of ${all.join(', ')}.` : 'docs/settings.md and --help list them.'
  const hint = near.length === 0 ? where : `Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${shownName(setting)}: there is no such ${kind}. ${hint}`)
}

/** A name as it is, unless it is empty, long or of odd characters: then it is quoted, and cut. */
function shownName(name: string): string {
  return /^[\w$.[\]: -]{1,120}$/.test(name) && name.trim() === name ? name : show(name)
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)
  }
  // A flag that may be given several times.
  const isTexts = Array.isArray(value) && value.length > 0 && value.every(isText)
  if (isTexts) return show(value.join(', '))
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (value === undefined) return 'nothing'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
