import { finish, type Steps } from '../util/slices.ts'
import type { Declaration } from './declaration.ts'
import { formerNamesOf, type Warn, warnOfList, warnOnce, withNewNames } from './deprecated.ts'
import { readOption } from './entry.ts'
import { notShown, unexpected, unknownName } from './error.ts'
import type { UpstreamInput } from './generated/entry-inputs.ts'
import type { SettingsInput } from './generated/settings-input.ts'
import { requireDistinct } from './keys.ts'
import { checkAliases, checkContextFallback } from './names.ts'
import { checkMemory, checkPorts } from './run.ts'
import { declarations } from './table/table.ts'
import { readItems } from './text.ts'
import type { Settings } from './types.ts'
import { resolveUpstreams } from './upstreams.ts'

export type { Warn } from './deprecated.ts'
export { SettingsError } from './error.ts'
export type { KeyInput, UpstreamInput } from './generated/entry-inputs.ts'
export type { SettingsInput } from './generated/settings-input.ts'
export type { Key } from './keys.ts'
export type { Settings } from './types.ts'
export type { ResolvedUpstream } from './upstreams.ts'

/**
 * Checks settings and completes them with the defaults; what it returned may be given to it again.
 * `warn` is called for deprecated names; by default it writes to the console. Throws a `SettingsError`.
 *
 * @example
 * const { upstream, queue } = parseSettings({ upstream: 'gpu=http://10.0.0.2:8000/v1' })
 * console.log(upstream[0].label, queue) // gpu 100
 */
export function parseSettings(input: SettingsInput = {}, warn: Warn = warnOnce): Settings {
  if (typeof input !== 'object' || input === null) throw unexpected('settings', 'an object', input)
  // What was read from elsewhere has its new names already.
  const warnOfCode: Warn = (warning) => warn(`in code, ${warning}`)
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined) values[name] = readSetting(name, value, name, warnOfCode)
  }
  const parsed = withNewNames(declarations, values, warnOfCode)
  for (const [name, { default: value }] of Object.entries(declarations)) {
    if (value !== undefined) parsed[name] ??= value
  }
  const { upstream, upstreamKey, ...rest } = parsed as unknown as Omit<Settings, 'upstream'> & {
    upstream: UpstreamInput[]
    upstreamKey: string[]
  }
  if (!distinct.has(rest.keys)) requireDistinct(rest.keys)
  if (isRead(rest.keys)) distinct.add(rest.keys)
  checkAliases(rest.alias)
  checkContextFallback(rest.contextFallback)
  const discover = rest.discover ?? upstream.length + rest.engine.length === 0
  const resolved = resolveUpstreams(upstream, upstreamKey, rest.lenient, discover)
  checkMemory(resolved, rest.memoryBudget)
  checkPorts(resolved, rest.memoryBudget)
  // The upstreams that it names have their finish reason; only servers yet to be found need it.
  const lenient = discover ? rest.lenient : []
  return { ...rest, lenient, discover, upstream: resolved }
}

/** Complete settings are given again to a worker: most of them are the defaults, which need no schema. */
function isDefault({ default: own }: Declaration, value: unknown): boolean {
  return own !== undefined && own === value
}

/** The declaration of a setting, by its name or by a former one. */
export function declarationOf(given: string): Declaration | undefined {
  const name = formerNamesOf(declarations).get(given) ?? given
  return Object.hasOwn(declarations, name) ? declarations[name] : undefined
}

/** Every name that a setting has or had. */
export function settingNames(): string[] {
  return [...Object.keys(declarations), ...formerNamesOf(declarations).keys()]
}

/**
 * The value of one setting, checked, by its name or a former one; `shownAs` is what the person who
 * gave it calls it, and `given` is what that person wrote. Throws a `SettingsError`.
 */
function readSetting(
  name: string,
  value: unknown,
  shownAs = name,
  warn: Warn = warnOnce,
  given = value,
): unknown {
  return finish(readSettingInSteps(name, value, shownAs, warn, given))
}

/** The same in steps, for a list that may be long. */
export function* readSettingInSteps(
  name: string,
  value: unknown,
  shownAs: string,
  warn: Warn,
  given = value,
): Steps<unknown> {
  const declaration = declarationOf(name)
  if (declaration === undefined) throw unknownName(shownAs, name, Object.keys(declarations))
  if (isDefault(declaration, value)) return value
  if (!declaration.item) return readOption(declaration, value, shownAs, given)
  if (isRead(value)) return value
  return yield* readAll(declaration, value, (index) => `${shownAs}[${index}]`, shownAs, warn)
}

/** Lists that were read, and that nothing changes any more. */
const readLists = new WeakSet<object>()

/**
 * Keeps the lists of these settings from being read again with all others, which would take as long
 * once more. Only for values that no other program gets hold of: it could change them.
 */
export function keepAsRead(values: SettingsInput): void {
  for (const value of Object.values(values)) if (Array.isArray(value)) readLists.add(value)
}

/** Those of them that are keys, each with a name and a hash of its own. */
const distinct = new WeakSet<object>()

function isRead(value: unknown): boolean {
  return Array.isArray(value) && readLists.has(value)
}

/** The same for a value out of a flag or the environment, where numbers and the like are text. */
export function readTextSetting(name: string, text: unknown, shownAs: string, warn: Warn): unknown {
  const declaration = declarationOf(name)
  // A flag that is given several times has no numbered values.
  if (declaration?.item) return finish(readAll(declaration, text, () => shownAs, shownAs, warn))
  const value = declaration?.fromText ? declaration.fromText(text, shownAs) : text
  return readSetting(name, value, shownAs, warn, text)
}

/** Items of one step: some tenths of a millisecond. */
const ITEMS_PER_STEP = 32

/** `placeOf` is what the person who gave the list calls a text in it. */
function* readAll(
  { item, expected, secret, deprecated, isSingle }: Declaration,
  value: unknown,
  placeOf: (index: number) => string,
  shownAs: string,
  warn: Warn,
): Steps<unknown[]> {
  const items = readItems(value)
  if (!Array.isArray(items)) {
    throw secret ? notShown(shownAs, expected, value) : unexpected(shownAs, expected, value)
  }
  const read: unknown[] = []
  for (const [index, each] of items.entries()) {
    if (index % ITEMS_PER_STEP === ITEMS_PER_STEP - 1) yield
    if (each === '' && !item?.keepsEmpty) continue
    const isNumbered = typeof each !== 'string'
    const isInText = typeof value === 'string'
    const place = isNumbered ? `${shownAs}[${index}]` : isInText ? shownAs : placeOf(index)
    read.push(item?.read(each, place, warn))
  }
  if (isSingle && read.length > 1) throw unexpected(shownAs, 'one value', read, 'remove the others')
  warnOfList(deprecated, { given: value, read }, shownAs, warn)
  return read
}
