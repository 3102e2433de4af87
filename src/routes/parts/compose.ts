import type { Settings } from '../../settings/settings.ts'
import { noResponses } from '../../state/no-responses.ts'
import type { FeatureMakers } from '../../telemetry/request-telemetry.ts'
import type { StoredResponses } from '../runs/runs.ts'
import { type LeftOut, partAt } from './names.ts'
import type { Part, Provided, Routes } from './part.ts'

/** What some parts add up to. */
export interface Composition extends Partial<Pick<Provided, 'tabs' | 'resuming' | 'page'>> {
  readonly routes: Routes
  readonly leftOut: LeftOut
  readonly telemetry: FeatureMakers
  /** Throws a `SettingsError` for settings that contradict each other. */
  check(settings: Settings, hasAuthenticate: boolean): void
  /** Makes what responses are stored in where the host has nothing for them. */
  responses(): StoredResponses
}

/** The routes are tried in the order of the parts. */
export function compose(parts: readonly Part[]): Composition {
  const { store, resuming, tabs, page }: Partial<Provided> = Object.assign({}, ...parts)
  return {
    routes: Object.assign({}, ...parts.map((part) => part.routes)),
    leftOut(path) {
      const name = partAt(path)
      return parts.some((part) => part.name === name) ? undefined : name
    },
    telemetry: Object.assign({}, ...parts.map((part) => part.telemetry)),
    check(settings, hasAuthenticate) {
      for (const part of parts) part.check?.(settings, hasAuthenticate)
    },
    responses: () => ({ store: store?.() ?? noResponses, runs: resuming?.runs() }),
    ...(tabs && { tabs }),
    ...(resuming && { resuming }),
    ...(page && { page }),
  }
}
