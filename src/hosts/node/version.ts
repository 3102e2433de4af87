import { SettingsError } from '../../settings/settings.ts'

/** The first version with `Promise.withResolvers`, the newest feature that sluice uses. */
const OLDEST = 22

/**
 * Throws a `SettingsError` for a version of Node that is too old. npm installs there with a warning
 * only, and every request would fail.
 *
 * @example
 * requireNode('20.20.2') // throws: node: expected version 22 or newer, got 20.20.2; …
 */
export function requireNode(version: string): void {
  if (Number.parseInt(version, 10) >= OLDEST) return
  throw new SettingsError(
    `node: expected version ${OLDEST} or newer, got ${version}; install a newer one from https://nodejs.org, or run sluice on Bun or Deno.`,
  )
}
