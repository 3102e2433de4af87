/** What the feed shows beside the requests: engines, the queue and what is left of each key's limits. */
import type { FeedParts, Viewer } from '../../telemetry/activity/feed-reader.ts'
import type { RouteContext } from '../route.ts'

/** Milliseconds for which engines and keys are not looked at again. */
const EVERY = 1_000

export function feedParts(viewer: Viewer, { sources }: RouteContext) {
  let lookedAt = 0
  const admin = () => ({
    queue: sources.queue(),
    engines: sources.engines().map((engine) => ({
      ...engine,
      models: [...engine.models],
      loaded: [...engine.loaded],
      recent: [],
    })),
  })
  return {
    async all(): Promise<FeedParts> {
      lookedAt = performance.now()
      return { keys: [], ...(viewer.isAdmin && admin()) }
    },
    /** Those that may have changed. */
    latest(now: number): Partial<FeedParts> {
      if (!viewer.isAdmin) return {}
      if (now - lookedAt < EVERY) return { queue: sources.queue() }
      lookedAt = now
      return admin()
    },
  }
}
