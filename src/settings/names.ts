import { SettingsError, unexpected } from './error.ts'

/** Models by other names, or the models that answer what is too long for others. */
export type Names = Record<string, string>

/** `a=b,c=d` or a list of such pairs as an object; what is no pair stays, for the schema to refuse. */
export function readPairs(value: unknown): unknown {
  const given: unknown = typeof value === 'string' ? [value] : value
  if (!Array.isArray(given)) return value
  const pairs: [string, string][] = []
  const items = given.flatMap((item) => String(item).split(','))
  for (const item of items.filter((each) => each.trim() !== '')) {
    const [, name, model] = /^\s*([^=]+?)\s*=\s*(.+?)\s*$/s.exec(item) ?? []
    if (name === undefined || model === undefined) return value
    pairs.push([name, model])
  }
  return Object.fromEntries(pairs)
}

/** An alias stands for a model, not for another alias. Throws a `SettingsError`. */
export function checkAliases(alias: Readonly<Names>): void {
  for (const [name, model] of Object.entries(alias)) {
    if (!Object.hasOwn(alias, model)) continue
    throw new SettingsError(
      `alias: expected ${name} to stand for a model, got ${model}, which is an alias itself.`,
    )
  }
}

/** A chain of fallbacks must end. Throws a `SettingsError`. */
export function checkContextFallback(fallback: Readonly<Names>): void {
  for (const name of Object.keys(fallback)) {
    const seen = [name]
    for (let next = fallback[name]; next !== undefined; next = fallback[next]) {
      if (seen.includes(next)) {
        const circle = [...seen, next].join(' → ')
        throw new SettingsError(
          `contextFallback: expected chains of models that end, got a circle: ${circle}; remove one of its pairs.`,
        )
      }
      seen.push(next)
      if (!Object.hasOwn(fallback, next)) break
    }
  }
}

/** The names of models as code gives them. Throws a `SettingsError`. */
export function readModels(given: unknown, shownAs: string): string[] {
  const isNames = Array.isArray(given) && given.length > 0 && given.every(isName)
  if (isNames) return given
  throw unexpected(shownAs, 'a list of names, in which * stands for anything', given)
}

/** The object that gives models other names. Throws a `SettingsError`. */
export function readNames(given: unknown, shownAs: string): Names {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  if (isObject && Object.entries(given).flat().every(isName)) return given as Names
  throw unexpected(shownAs, 'an object: { "the name clients use": "the upstream’s name" }', given)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
