import { SettingsError } from '../../settings/error.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Engine } from '../engine.ts'
import { isDefinedEngine } from './define-engine.ts'

/** An upstream with the label of an engine would share its log entries and its failures. */
export function requireOwnLabels({ upstream }: Settings, engines: readonly Engine[] = []): void {
  const labels = new Set(upstream.map(({ label }) => label))
  const taken = engines.find((engine) => isDefinedEngine(engine) && labels.has(engine.label))
  if (taken === undefined) return
  throw new SettingsError(
    `engines: expected a label that no upstream has, got "${taken.label}"; give the engine or the upstream another label.`,
  )
}
