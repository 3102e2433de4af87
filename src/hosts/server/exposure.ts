import { isLoopback } from '../../guard/host.ts'
import type { Exposure } from '../../platform/host.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'

/** Who can reach a server that listens at this address. */
export function exposureOf(host: string): Exposure & ('machine' | 'anyone') {
  return isLoopback(host) ? 'machine' : 'anyone'
}

/**
 * Throws a `SettingsError` where other machines could use the GPU without authentication, which is by
 * keys or by the program's own function (`authenticates`).
 */
export function requireProtection({ host, keys, insecure }: Settings, authenticates = false): void {
  const hasKeys = keys.some(({ offers }) => !offers)
  if (insecure || authenticates || hasKeys || exposureOf(host) === 'machine') return
  throw new SettingsError(
    `host: other machines can reach ${host}, and no API keys are configured; make a key with "sluice key new NAME", give authenticate in code, or allow everyone with --insecure (in code: insecure: true).`,
  )
}
