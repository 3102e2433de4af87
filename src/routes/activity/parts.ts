/** What the feed shows beside the requests: engines, the queue and what is left of each key's limits. */

import type { Caller } from '../../guard/caller.ts'
import type { FeedParts } from '../../telemetry/activity/feed-reader.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import type { EngineActivity, KeyActivity } from '../../wire/activity/schema.ts'
import type { RouteContext } from '../route.ts'
import { sourcesOf } from '../telemetry-sources.ts'
import { feedOf } from './access.ts'

/** Milliseconds for which engines and keys are not looked at again. */
const EVERY = 1_000

/** Milliseconds for which the keys that one administrator was told of serve others. */
const SHARED_FOR = 500

/** What is left to all keys, by the server: hundreds of them, which all administrators are told of alike. */
const sharedKeys = new WeakMap<RouteContext, { at: number; keys: KeyActivity[] }>()

/** What one reader sees of it. */
export class PartsReader {
  readonly #caller: Caller
  readonly #context: RouteContext
  #keys: KeyActivity[] | undefined
  #lookedAt = 0
  /** A store that several instances share may take a while to answer; it is asked once at a time. */
  #isAsking = false

  constructor(caller: Caller, context: RouteContext) {
    this.#caller = caller
    this.#context = context
  }

  /** All of it; waits a second for the keys. */
  async all(): Promise<FeedParts> {
    this.#lookedAt = performance.now()
    await withTimeout(EVERY, this.#askForKeys())
    return { ...this.#ofAdmins(true), keys: this.#keys ?? [] }
  }

  /** What may have changed. */
  latest(now: number): Partial<FeedParts> {
    const isDue = now - this.#lookedAt >= EVERY
    if (isDue) {
      this.#lookedAt = now
      void this.#askForKeys()
    }
    return { ...this.#ofAdmins(isDue), ...(this.#keys && { keys: this.#keys }) }
  }

  #ofAdmins(withEngines: boolean): Partial<FeedParts> {
    if (!this.#caller.isAdmin) return {}
    const { telemetry } = this.#context
    const sources = sourcesOf(this.#context)
    if (withEngines) sources.refresh()
    return {
      queue: sources.queue(),
      ...(telemetry.captures && { captures: telemetry.captures.summary }),
      ...(withEngines && { engines: this.#engines() }),
    }
  }

  #engines(): EngineActivity[] {
    const sources = sourcesOf(this.#context)
    const feed = feedOf(this.#context)
    return sources.engines().map((engine) => ({
      ...engine,
      models: [...engine.models],
      loaded: [...engine.loaded],
      recent: feed.recent.of(engine.label),
    }))
  }

  /** Never rejects: what a store cannot say now is asked again. */
  async #askForKeys(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      this.#keys = this.#caller.isAdmin ? await this.#keysOfAll() : await this.#levels()
    } catch {
    } finally {
      this.#isAsking = false
    }
  }

  async #keysOfAll(): Promise<KeyActivity[]> {
    const known = sharedKeys.get(this.#context)
    if (known !== undefined && performance.now() - known.at < SHARED_FOR) return known.keys
    const keys = await this.#levels()
    sharedKeys.set(this.#context, { at: performance.now(), keys })
    return keys
  }

  async #levels(): Promise<KeyActivity[]> {
    const levels = await this.#context.guard.levels(this.#caller)
    const running = this.#running()
    return levels.map((level) => ({ running: running.get(level.name) ?? 0, ...level }))
  }

  /** By key, its requests that run here. */
  #running(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { request } of feedOf(this.#context).running.values()) {
      const { exchange, caller } = request
      if (exchange === undefined || !caller?.name) continue
      counts.set(caller.name, (counts.get(caller.name) ?? 0) + 1)
    }
    return counts
  }
}
