import type { Settings } from '../settings/settings.ts'
import type { RequestObserver } from './request-observer.ts'
import type { Sources } from './sources.ts'

/** One way of watching requests. It lives on when settings are read again, and so does what it has seen. */
export interface TelemetryFeature {
  /**
   * Takes the settings that are in force from now on. Returns what is told of requests from now on;
   * undefined where the feature is switched off.
   */
  configure(settings: Settings, sources: Sources): RequestObserver | undefined
}
