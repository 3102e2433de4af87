import { newNameOf, type Warn, warnOnce, withNewNames } from './deprecated.ts'
import { SettingsError, unexpected, unknownName } from './error.ts'
import { requireDistinct } from './keys.ts'
import { checkAliases, checkContextFallback } from './names.ts'
import { fields } from './table.ts'
import type { SettingName, Settings, SettingsInput } from './types.ts'
import { resolveUpstreams, type UpstreamInput } from './upstreams.ts'

export type { Warn } from './deprecated.ts'
export { SettingsError } from './error.ts'
export type { KeyInput } from './keys.ts'
export { type Field, fields } from './table.ts'
export type { SettingName, Settings, SettingsInput } from './types.ts'

/**
 * Checks settings and completes them with the defaults; what it returned may be given to it again.
 * Deprecated names are told to `warn`, by default on the console. Throws a `SettingsError`.
 */
export function parseSettings(input: SettingsInput = {}, warn: Warn = warnOnce): Settings {
  if (typeof input !== 'object' || input === null) throw unexpected('settings', 'an object', input)
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined)
      values[name] = isDefault(name, value) ? value : readSetting(name, value, name, warn)
  }
  const parsed = withNewNames('settings', values, warn)
  for (const [name, field] of Object.entries(fields)) {
    if (field.default !== undefined) parsed[name] ??= field.default
  }
  const { upstream, upstreamKey, ...rest } = parsed as unknown as Omit<Settings, 'upstream'> & {
    upstream: UpstreamInput[]
    upstreamKey: string[]
  }
  requireDistinct(rest.keys)
  requireKeysFor(rest)
  checkAliases(rest.alias)
  checkContextFallback(rest.contextFallback)
  const discover = rest.discover ?? upstream.length + rest.engine.length === 0
  const resolved = resolveUpstreams(upstream, upstreamKey, rest.lenient, discover)
  return { ...rest, discover, upstream: resolved }
}

/** Complete settings come again where a worker is given them: most of them say nothing new. */
function isDefault(name: string, value: unknown): boolean {
  return Object.hasOwn(fields, name) && fields[name as SettingName].default === value
}

/**
 * The value of one setting, checked, by its name or its former one; `shownAs` is what the person who
 * gave it calls it. Throws a `SettingsError`.
 */
export function readSetting(
  given: string,
  value: unknown,
  shownAs = given,
  warn: Warn = warnOnce,
): unknown {
  const name = newNameOf('settings', given)
  if (!Object.hasOwn(fields, name)) throw unknownName(shownAs, name, Object.keys(fields))
  const field = fields[name as SettingName]
  const result = field.schema().safeParse(value)
  if (!result.success && field.secret)
    throw new SettingsError(`${shownAs}: expected ${field.expected}.`)
  if (!result.success) throw unexpected(shownAs, field.expected, value)
  if (!field.item) return result.data
  const items = (result.data as unknown[]).filter(isGiven)
  return items.map((item, index) => {
    const place = typeof item === 'string' ? shownAs : `${shownAs}[${index}]`
    return field.item?.(item, place, warn)
  })
}

/** Any page could use the GPU of whoever opens it. */
function requireKeysFor({ allowOrigin, keys }: Pick<Settings, 'allowOrigin' | 'keys'>): void {
  if (!allowOrigin.includes('*') || keys.length > 0) return
  throw new SettingsError(
    'allowOrigin: "*" lets the pages of every site use sluice; name the origins, or set keys.',
  )
}

function isGiven(item: unknown): boolean {
  return item !== ''
}
