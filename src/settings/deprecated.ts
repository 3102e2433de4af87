/** Names and settings that still work for one release. */
import { terminalLine } from '../util/safe/terminal.ts'
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
  console.warn(`sluice: ${terminalLine(warning)}`)
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
 * The same values, each under its new name. `show` is how the person who gave them calls a name, and
 * `showNew` how a message does that has said already where it was given.
 * Throws a `SettingsError` where a value was given under both names.
 */
export function withNewNames(
  table: Table,
  given: object,
  warn: Warn,
  show: (name: string) => string = (name) => name,
  showNew = show,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...given }
  for (const [former, name] of formerNamesOf(table)) {
    const value = values[former]
    if (value === undefined) continue
    delete values[former]
    if (values[name] !== undefined) {
      throw new SettingsError(
        `${show(former)}: this is the former name of ${showNew(name)}, which is given as well; keep ${showNew(name)} and remove ${showNew(former)}.`,
      )
    }
    warn(`${show(former)} is deprecated: use ${showNew(name)} instead.`)
    values[name] = value
  }
  return values
}

/** Lists that were read, whose deprecation the person who gave them was told of. */
const told = new WeakSet<object>()

/**
 * Warns of a deprecated list, by what the person who gave it calls it. Values that were read from a flag,
 * a variable or a file are read again together: that is no further use.
 */
export function warnOfList(
  deprecated: string | undefined,
  { given, read }: { given: unknown; read: readonly unknown[] },
  shownAs: string,
  warn: Warn,
): void {
  if (deprecated === undefined || read.length === 0) return
  const isTold = typeof given === 'object' && given !== null && told.has(given)
  if (!isTold) warn(`${shownAs} is deprecated: ${deprecated}.`)
  told.add(read)
}
