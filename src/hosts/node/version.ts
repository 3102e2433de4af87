import { SettingsError } from '../../settings/settings.ts'

/** The oldest that has all that is used: `Promise.withResolvers`. */
const OLDEST = 22

/**
 * Throws a `SettingsError` for a Node that is too old: npm only warns of one, and then every request
 * would fail.
 *
 * @example
 * requireNode('20.20.2') // throws: node: expected version 22 or newer, got 20.20.2; …
 */
export function requireNode(version: string): void {
  if (Number.parseInt(version, 10) >= OLDEST) return
  throw new SettingsError(
    `node: expected version ${OLDEST} or newer, got ${version}; get one from https://nodejs.org, or run sluice on Bun or Deno.`,
  )
}
