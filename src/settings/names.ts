import { isModelName } from '../util/safe/model-name.ts'
import { quoted } from '../util/safe/quoted.ts'
import { SettingsError, unexpected } from './error.ts'

/** Models by other names, or the models that answer what is too long for others. */
export type Names = Record<string, string>

/** `a=b,c=d` or a list of such pairs as an object; what is not a pair stays as it is, for the schema to refuse. Throws a `SettingsError` where a name has two values. */
export function readPairs(value: unknown, shownAs: string): unknown {
  const given: unknown = typeof value === 'string' ? [value] : value
  if (!Array.isArray(given)) return value
  const pairs = new Map<string, string>()
  const items = given.flatMap((item) => String(item).split(','))
  for (const item of items.filter((each) => each.trim() !== '')) {
    const [name, model] = pairIn(item)
    if (name === '' || model === '') return value
    const before = pairs.get(name)
    if (before !== undefined && before !== model) {
      throw new SettingsError(
        `${shownAs}: expected one value for ${JSON.stringify(name)}, got ${name}=${before} and ${name}=${model}; remove one of them.`,
      )
    }
    pairs.set(name, model)
  }
  return Object.fromEntries(pairs)
}

/** What is before and after the first `=`; two empty texts where there is none. */
function pairIn(item: string): [name: string, value: string] {
  const at = item.indexOf('=')
  return at === -1 ? ['', ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()]
}

/** Throws a `SettingsError` where one of the pairs does not stand for a name. */
export function requireNames(value: unknown, shownAs: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [name, model] of Object.entries(value)) {
    if (isModelName(name) && typeof model === 'string' && isModelName(model)) continue
    const expected = `the name of a model for ${quoted(name)}`
    throw unexpected(placeOf(shownAs, name), expected, model)
  }
}

/** The schema of an object of names leaves it out without a word. Throws a `SettingsError`. */
export function refusePrototype(value: unknown, shownAs: string): void {
  const name = '__proto__'
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, name))
    throw unexpected(placeOf(shownAs, name), 'another name', name, 'remove it')
}

/** The path of a pair in a settings file, by which its line is found. */
function placeOf(setting: string, name: string): string {
  return /^[\w.]+$/.test(name) ? `${setting}.${name}` : setting
}

/** An alias stands for a model, not for another alias. Throws a `SettingsError`. */
export function checkAliases(alias: Readonly<Names>): void {
  for (const [name, model] of Object.entries(alias)) {
    if (!Object.hasOwn(alias, model)) continue
    throw new SettingsError(
      `${placeOf('alias', name)}: expected ${name} to stand for a model, got ${model}, which is an alias itself; name the model that ${model} stands for.`,
    )
  }
}

/** A chain of fallbacks must end. Throws a `SettingsError`. */
export function checkContextFallback(fallback: Readonly<Names>): void {
  /** Names whose chains end: each is followed once, however many lead to it. */
  const ending = new Set<string>()
  for (const name of Object.keys(fallback)) {
    const seen = new Set([name])
    for (let next = fallback[name]; next !== undefined; next = fallback[next]) {
      if (seen.has(next)) {
        const circle = [...seen, next].join(' → ')
        throw new SettingsError(
          `${placeOf('contextFallback', name)}: expected chains of models that end, got a circle: ${circle}; remove one of its pairs.`,
        )
      }
      if (ending.has(next) || !Object.hasOwn(fallback, next)) break
      seen.add(next)
    }
    for (const each of seen) ending.add(each)
  }
}
