/** Composes a handler of some parts: with what stands for those that are left out, and with errors that name them. */
import { unbalanced } from '../../engines/pool/unbalanced.ts'
import { noStatic } from '../../engines/static/left-out.ts'
import { readJsonAtOnce } from '../../guard/read-body.ts'
import { SettingsError } from '../../settings/error.ts'
import { leftOutSetting, requireOptionsOf } from '../../settings/left-out.ts'
import { SettingsReader } from '../../settings/reader.ts'
import { coreSettings } from '../../settings/table/core.ts'
import { leftOutOf } from '../left-out.ts'
import { PARTS } from '../part-names.ts'
import { type Composition, compose } from './compose.ts'
import type { HandlerPart, Provided } from './part.ts'

/** Throws a `SettingsError` for a part that lacks another one. */
export function composeSome(parts: readonly HandlerPart[]): Composition {
  const has = havingPart(parts)
  requireBalancing(has)
  return compose(parts, {
    readJson: readJsonAtOnce,
    balancing: unbalanced,
    createStatic: () => noStatic,
    leftOut: Object.keys(PARTS).every(has) ? undefined : leftOutOf(has),
  })
}

/** Throws a `SettingsError` for parts that do nothing without the choice of an engine. */
function requireBalancing(has: (name: string) => boolean): void {
  const lacking = ['affinity', 'tabs'].find((name) => has(name) && !has('balancing'))
  if (lacking === undefined) return
  throw new SettingsError(
    `parts: expected "balancing" beside "${lacking}", got none; add it, or remove "${lacking}".`,
  )
}

/** Reads the settings of the core and of these parts. */
export function readerOf(parts: readonly HandlerPart[]): SettingsReader {
  const has = havingPart(parts)
  const { fromEnvironment }: Partial<Provided> = Object.assign({}, ...parts)
  const tables = parts.map((part) => part.settings)
  return new SettingsReader(Object.assign({}, coreSettings, ...tables), {
    leftOut: (name, shownAs) => leftOutSetting(has, name, shownAs),
    check: (settings) => requireOptionsOf(has, settings),
    ...(fromEnvironment && { fromEnvironment }),
  })
}

function havingPart(parts: readonly HandlerPart[]): (name: string) => boolean {
  const names = new Set<string>(parts.map(({ name }) => name))
  return (name) => names.has(name)
}
