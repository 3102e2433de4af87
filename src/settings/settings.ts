import { SettingsError, unexpected, unknownName } from './error.ts'
import { requireDistinct } from './keys.ts'
import { checkAliases, checkLarger } from './names.ts'
import { fields } from './table.ts'
import type { SettingName, Settings, SettingsInput } from './types.ts'
import { resolveUpstreams, type UpstreamInput } from './upstreams.ts'

export { SettingsError } from './error.ts'
export type { KeyInput } from './keys.ts'
export { type Field, fields } from './table.ts'
export type { SettingName, Settings, SettingsInput } from './types.ts'

/**
 * Checks settings and completes them with the defaults; what it returned may be given to it again.
 * Throws a `SettingsError`.
 */
export function parseSettings(input: SettingsInput = {}): Settings {
  const parsed: Record<string, unknown> = {}
  if (typeof input !== 'object' || input === null) throw unexpected('settings', 'an object', input)
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined)
      parsed[name] = isDefault(name, value) ? value : readSetting(name, value)
  }
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
  checkLarger(rest.larger)
  const discover = rest.discover ?? upstream.length + rest.engine.length === 0
  const resolved = resolveUpstreams(upstream, upstreamKey, rest.lenient, discover)
  return { ...rest, discover, upstream: resolved }
}

/** Complete settings come again where a worker is given them: most of them say nothing new. */
function isDefault(name: string, value: unknown): boolean {
  return Object.hasOwn(fields, name) && fields[name as SettingName].default === value
}

/** One setting's value, checked; `shownAs` is what the person who gave it calls it. */
export function readSetting(name: string, value: unknown, shownAs = name): unknown {
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
    return field.item?.(item, place)
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
