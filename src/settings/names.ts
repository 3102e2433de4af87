import { SettingsError } from './error.ts'

/** Models by other names, or the models that answer what is too long for others. */
export type Names = Record<string, string>

/** `a=b,c=d` or a list of such pairs as an object; what is not a pair stays as it is, for the schema to refuse. */
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
