import type { Settings } from '../../settings/settings.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'

/** The store that the settings name, if they name one. Loaded only for it: that would delay every start. */
export async function openState(
  settings: Settings,
  instance: string,
  telemetry: Telemetry,
  tell: (text: string) => void = () => {},
) {
  if (settings.state === undefined) return undefined
  const { openSharedState } = await import('./shared-state.ts')
  return openSharedState({ settings, instance, metrics: telemetry.metrics.registry, tell })
}
