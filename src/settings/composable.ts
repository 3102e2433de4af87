/** Which settings a handler can honour that a program composes of parts. */
import { SettingsError } from './error.ts'
import type { Declarations } from './reader.ts'
import type { Settings } from './types.ts'

/** Throws a `SettingsError` where settings ask for what only a server of sluice's own can do: it would be ignored. */
export function requireComposable(settings: Settings, declarations: Declarations): void {
  for (const [name, { where, instead, ...declaration }] of Object.entries(declarations)) {
    const value = settings[name as keyof Settings]
    // The program may be a worker.
    const isHonoured = where === undefined || where.includes('code') || where.includes('worker')
    if (isHonoured || value === undefined || value === declaration.default) continue
    throw new SettingsError(
      `${name}: this setting is not supported in composeHandler; ${instead ?? 'remove it'}.`,
    )
  }
}
