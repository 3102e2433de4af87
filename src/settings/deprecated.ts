/** Names and settings that still work for one release. */
import { SettingsError } from './error.ts'

/** Declarations by their names; each may say which names it had before. */
type Table = Readonly<Record<string, { readonly formerNames?: readonly string[] }>>

/** Is called with a sentence for each deprecated name that is in use. */
export type Warn = (warning: string) => void

const warned = new Set<string>()

/** For settings that come from code: each sentence once in a process. */
export function warnOnce(warning: string): void {
  if (warned.has(warning)) return
  warned.add(warning)
  console.warn(`sluice: ${warning}`)
}

const known = new WeakMap<Table, ReadonlyMap<string, string>>()

/** The new name of each former one. */
export function formerNamesOf(table: Table): ReadonlyMap<string, string> {
  let names = known.get(table)
  if (names === undefined) {
    names = new Map(
      Object.entries(table).flatMap(([name, { formerNames = [] }]) =>
        formerNames.map((former) => [former, name] as const),
      ),
    )
    known.set(table, names)
  }
  return names
}

/**
 * The same values, each under its new name. `show` is how the person who gave them calls a name.
 * Throws a `SettingsError` where a value was given under both names.
 */
export function withNewNames(
  table: Table,
  given: object,
  warn: Warn,
  show: (name: string) => string = (name) => name,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...given }
  for (const [former, name] of formerNamesOf(table)) {
    const value = values[former]
    if (value === undefined) continue
    delete values[former]
    if (values[name] !== undefined) {
      throw new SettingsError(
        `${show(former)}: given as ${show(name)} too, which is its new name; keep ${show(name)} and remove ${show(former)}.`,
      )
    }
    warn(`${show(former)} is deprecated: use ${show(name)} instead.`)
    values[name] = value
  }
  return values
}

interface WithLenient {
  lenient: readonly string[]
  upstream: readonly { label: string; lenient?: boolean }[]
}

/**
 * What to write instead of `lenient`, where it is in use. That is no former name of `finishReason`,
 * which replaces it: its values mean something else, so the table of names cannot translate them.
 */
export function deprecations({ lenient, upstream }: WithLenient): string[] {
  const found: string[] = []
  if (lenient.length > 0) {
    found.push(
      `lenient is deprecated: in the settings file, set "finishReason": "optional" for ${lenient.join(', ')}; or set it for all upstreams with --finish-reason optional.`,
    )
  }
  for (const { label, lenient: isLenient } of upstream) {
    if (isLenient === undefined) continue
    found.push(
      `upstream ${label}: lenient is deprecated: ${isLenient ? 'write "finishReason": "optional" instead' : 'leave it out'}.`,
    )
  }
  return found
}
