import { isLoopback } from '../../guard/host.ts'
import type { Exposure } from '../../platform/host.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'

/** Who can reach what listens at an address. */
export function exposureOf(host: string): Exposure & ('machine' | 'anyone') {
  return isLoopback(host) ? 'machine' : 'anyone'
}

/**
 * Throws a `SettingsError` where other machines could use the GPU and nobody is asked who he is, by
 * keys or by a function of one's own (`authenticates`).
 */
export function requireProtection({ host, keys, insecure }: Settings, authenticates = false): void {
  if (insecure || authenticates || keys.length > 0 || exposureOf(host) === 'machine') return
  throw new SettingsError(
    `host: ${host} lets other machines in, and no key is set; "sluice key new NAME" makes one, and --insecure does without.`,
  )
}
