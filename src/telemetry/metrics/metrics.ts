import type { Settings } from '../../settings/settings.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { RequestObserver } from '../request-observer.ts'

/** Counts and measures requests. */
export class Metrics implements TelemetryFeature {
  configure({ metrics }: Settings): RequestObserver | undefined {
    return metrics ? {} : undefined
  }
}
