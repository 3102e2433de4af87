/** Upstreams that sluice starts itself, for those who cannot. */
import { SettingsError } from './error.ts'

/** Whether sluice starts this upstream. */
export function isRun<T extends { run?: unknown }>(upstream: T): upstream is T & { run: string[] } {
  return upstream.run !== undefined
}

/** Throws a `SettingsError` for an upstream that would have to be started. `who` cannot do that. */
export function requireNoRun(
  { upstream }: { upstream: readonly { run?: string[] }[] },
  place: string,
): void {
  const index = upstream.findIndex(isRun)
  if (index === -1) return
  throw new SettingsError(
    `upstream[${index}].run: this option is not supported ${place}, only on Bun, Deno and Node; start the server yourself and name its url.`,
  )
}
