import { closestMatches } from '../util/closest-matches.ts'

/** A setting that can't be. The message is one line: which setting, what came, what was expected. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

/** The message every wrong setting gets; `came` is the value, shown short. */
export function unexpected(setting: string, expected: string, came: unknown): SettingsError {
  return new SettingsError(`${setting}: expected ${expected}, got ${show(came)}.`)
}

/** The message of a name that is none, with the nearest that are. */
export function unknownName(setting: string, name: string, known: Iterable<string>): SettingsError {
  const near = closestMatches(name, known)
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${setting}: there is no such setting.${hint}`)
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
