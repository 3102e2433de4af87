/** Which settings can be honoured where. */

import { listed } from '../util/listed.ts'
import type { Place } from './declaration.ts'
import { SettingsError } from './error.ts'
import { requireNoRun } from './no-run.ts'
import { declarations } from './table/table.ts'
import type { Settings } from './types.ts'

const NAMES: Readonly<Record<Place, string>> = {
  bun: 'Bun',
  deno: 'Deno',
  node: 'Node',
  workerd: 'workerd',
  worker: 'a worker',
  code: 'createHandler',
}

/** The places that can start programs. */
const STARTERS: ReadonlySet<Place> = new Set(['bun', 'deno', 'node'])

/**
 * Throws a `SettingsError` where settings ask for what this place cannot do: it would be ignored. A
 * value that is the default asks for nothing.
 */
export function requireSupport(settings: Settings, place: Place): void {
  if (!STARTERS.has(place)) requireNoRun(settings, placeName(place))
  for (const [name, value] of Object.entries(settings)) {
    if (isSupported(name, place) || isDefault(name, value)) continue
    const { where = [], instead } = declarations[name] ?? {}
    const others = listed(where.map((each) => NAMES[each]))
    throw new SettingsError(
      `${name}: this setting is not supported ${placeName(place)}, only on ${others}; ${instead ?? 'remove it'}.`,
    )
  }
}

function placeName(place: Place): string {
  return `${place === 'worker' || place === 'code' ? 'in' : 'on'} ${NAMES[place]}`
}

/** The settings without those that this place does nothing with. */
export function supportedBy(settings: Settings, place: Place): Partial<Settings> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => isSupported(name, place)))
}

/** The settings that this place cannot honour, each with the places that can. */
export function unsupportedBy(place: Place): [string, readonly Place[]][] {
  return Object.entries(declarations).flatMap(([name, { where = [] }]) =>
    isSupported(name, place) ? [] : [[name, where]],
  )
}

/** The names of settings that a running server keeps as they were at its start. */
export function fixedSettings(): string[] {
  return Object.keys(declarations).filter((name) => declarations[name]?.needsRestart)
}

function isSupported(name: string, place: Place): boolean {
  return declarations[name]?.where?.includes(place) ?? true
}

/** Whether a value is what the setting has by itself, so that it asks for nothing. */
export function isDefault(name: string, value: unknown): boolean {
  return (
    value === undefined || JSON.stringify(value) === JSON.stringify(declarations[name]?.default)
  )
}
