import { type ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import type { Discovery } from './discovery.ts'
import { visibleModels } from './visible-models.ts'

/** An engine and its models, for start-up output and the home page. */
export interface EngineStatus {
  engine: string
  models: string[]
  /** Why its models could not be listed. */
  error?: string
}

/** Milliseconds an engine may take to list its models; after that it counts as down. */
const LIST_TIMEOUT = 2000

/** Milliseconds after which an engine that is down is listed again. */
const RETRY_DOWN_AFTER = 5_000

/** Milliseconds for which a list requested by another sluice is reused for requests by that one. */
const RELAY_MAX_AGE = 1_000

/**
 * The most hop lists with a list of their own within that time, since anybody can send a hop list.
 */
const MAX_RELAYS = 16

/** An engine and the result of its last listing. */
export interface CatalogEntry {
  engine: Engine
  /** Its models; those of the last successful listing where the latest one failed. */
  models: Model[]
  /** Why the latest listing failed. */
  error?: ApiError
  /** It has not been listed yet. */
  isUnknown?: boolean
  /** It comes and goes by itself, and serves what it lists alone. */
  isVisiting?: boolean
}

export interface CatalogOptions {
  /** In the order of preference. */
  engines: Engine[]
  static: Engine
  discovery?: Discovery | undefined
  /** Engines that come and go by themselves: they are known at once, before the static one. */
  visiting?: { readonly entries: readonly CatalogEntry[] } | undefined
  /** Whether a request must not wait for a promise of another request (workerd). */
  isolateRequests: boolean
  /** The id of this sluice, sent in the hop list when models are listed. */
  instance?: () => string
}

/** Which engine serves which models: lists them and caches the result. */
export class Catalog {
  readonly #options: CatalogOptions
  /** Those of the last listing. */
  #listed: CatalogEntry[] = []
  /** The last listing with the engines that came since: one array for as long as neither changes. */
  #merged:
    | { listed: CatalogEntry[]; visiting: readonly CatalogEntry[]; entries: CatalogEntry[] }
    | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #refreshing: Promise<CatalogEntry[]> | undefined
  /** Lists requested by other sluices, by the request's hop list, oldest first. */
  readonly #relays = new Map<
    string,
    { askedAt: number; entries: Promise<CatalogEntry[]> | CatalogEntry[] }
  >()

  constructor(options: CatalogOptions) {
    this.#options = options
  }

  /** Whether the set of engines can't change: discovery is off, and no other engine is there. */
  get isFixed(): boolean {
    return this.#options.discovery === undefined && this.#visiting.length === 0
  }

  get #visiting(): readonly CatalogEntry[] {
    return this.#options.visiting?.entries ?? []
  }

  /** Those of the last listing, and those that came since; empty before the first listing. */
  get #entries(): CatalogEntry[] {
    return this.#withVisiting(this.#listed)
  }

  #withVisiting(listed: CatalogEntry[]): CatalogEntry[] {
    const visiting = this.#visiting
    if (visiting.length === 0 || listed.length === 0) return listed
    const known = this.#merged
    if (known?.listed === listed && known.visiting === visiting) return known.entries
    const entries = [...listed.slice(0, -1), ...visiting, ...listed.slice(-1)]
    this.#merged = { listed, visiting, entries }
    return entries
  }

  /** The cached entries, without any request; before the first listing, engines without models. */
  get known(): CatalogEntry[] {
    if (this.#listed.length > 0) return this.#entries
    const unknown = [...this.#options.engines, this.#options.static].map((engine) => ({
      ...{ engine, models: [], isUnknown: true },
    }))
    return this.#withVisiting(unknown)
  }

  /** Those of `known` that people are shown: without the static engine where the handler has none. */
  get shown(): CatalogEntry[] {
    return this.known.filter(isShown)
  }

  /**
   * The cached entries; a promise only before the first listing. Entries older than `maxAge`
   * milliseconds are still returned, and refreshed in the background for later requests.
   */
  cachedEntries(maxAge: number): CatalogEntry[] | Promise<CatalogEntry[]> {
    if (this.#listed.length === 0) return this.entries(maxAge)
    const isOneDown = this.#listed.some(({ error }) => error !== undefined)
    const limit = isOneDown ? Math.min(maxAge, RETRY_DOWN_AFTER) : maxAge
    if (!this.#isRecent(limit)) this.entries(limit).catch(() => {})
    return this.#entries
  }

  /** Refreshes entries older than `maxAge` milliseconds in the background. */
  refresh(maxAge: number): void {
    // On workerd, background work ends with the request that began it.
    if (!this.#options.isolateRequests) this.entries(maxAge).catch(() => {})
  }

  /**
   * Entries no older than `maxAge` milliseconds: engines in their order, `static` last. `hops`: the
   * hop list of the request, this sluice last.
   */
  async entries(maxAge: number, hops: readonly string[] = []): Promise<CatalogEntry[]> {
    if (this.#isRecent(maxAge)) return this.#entries
    if (hops.length > 1) return this.#relayedEntries(hops)
    if (this.#options.isolateRequests) {
      // Marked as recent before the listing ends: one request lists, others use the cached entries.
      this.#askedAt = performance.now()
      return this.#listAll()
    }
    this.#refreshing ??= this.#listAll().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Adds the sizes of contexts to entries, from engines that tell them elsewhere than in their lists. */
  async addSizes(entries: readonly CatalogEntry[], hops?: readonly string[]): Promise<void> {
    const signal = AbortSignal.timeout(LIST_TIMEOUT)
    const { instance } = this.#options
    const call = hops && hops.length > 1 ? { hops } : instance ? { hops: [instance()] } : {}
    await Promise.all(
      entries.map(async (entry) => {
        if (entry.error !== undefined) return
        const models = await sizedModels(entry.engine, signal, call)
        if (models === undefined) return
        entry.models = visibleModels(entry.engine, models)
        // Another array, as routes are kept for each.
        this.#listed = [...this.#listed]
      }),
    )
  }

  /** Every engine with its models, listed within the last `maxAge` milliseconds. */
  async status(maxAge = 0): Promise<EngineStatus[]> {
    return (await this.entries(maxAge)).filter(isShown).map(({ engine, models, error }) => ({
      engine: engine.label,
      models: models.map(({ id }) => id),
      ...(error && { error: error.message }),
    }))
  }

  #isRecent(maxAge: number): boolean {
    return this.#listed.length > 0 && performance.now() - this.#askedAt <= maxAge
  }

  /**
   * The entries for a request that came through another sluice.
   *
   * Two sluices that have each other as upstreams would deadlock if such a request waited for a
   * listing that another request began. It may wait for a listing with the same hop list: what that
   * leads to comes back with this sluice among its hops, and is refused at once.
   *
   * The results are not stored in `#entries`: an engine that leads back to the origin of this
   * request fails here (508) although it works for others. A request that passed two or more
   * sluices gets the cached entries: where many sluices list each other, every path between them
   * would be followed.
   */
  async #relayedEntries(hops: readonly string[]): Promise<CatalogEntry[]> {
    if (hops.length > 2 && this.#listed.length > 0) {
      this.refresh(RETRY_DOWN_AFTER)
      return this.#entries
    }
    const now = performance.now()
    for (const [hopKey, { askedAt }] of this.#relays) {
      if (now - askedAt > RELAY_MAX_AGE) this.#relays.delete(hopKey)
    }
    const hopKey = hops.join()
    const known = this.#relays.get(hopKey)
    if (known !== undefined) return known.entries
    if (this.#relays.size >= MAX_RELAYS) {
      this.refresh(RETRY_DOWN_AFTER)
      if (this.#listed.length > 0) return this.#entries
    }
    const listing = this.#listRelayed(hops)
    const isShared = !this.#options.isolateRequests
    this.#relays.set(hopKey, { askedAt: now, entries: isShared ? listing : await listing })
    return listing
  }

  async #listRelayed(hops: readonly string[]): Promise<CatalogEntry[]> {
    if (this.#listed.length === 0 && !this.isFixed) await this.entries(0)
    const signal = AbortSignal.timeout(LIST_TIMEOUT)
    return Promise.all(this.known.map(({ engine }) => this.#list(engine, signal, { hops })))
  }

  async #listAll(): Promise<CatalogEntry[]> {
    const signal = AbortSignal.timeout(LIST_TIMEOUT)
    const { engines, discovery, instance } = this.#options
    const call = instance ? { hops: [instance()] } : {}
    const [configured, discovered, own] = await Promise.all([
      Promise.all(engines.map((engine) => this.#list(engine, signal, call))),
      discovery?.probeAll(signal, call) ?? [],
      this.#list(this.#options.static, signal, call),
    ])
    const found = discovered.map((server) => ({
      ...server,
      models: visibleModels(server.engine, server.models),
    }))
    this.#listed = [...configured, ...found, own]
    this.#askedAt = performance.now()
    return this.#entries
  }

  async #list(engine: Engine, signal: AbortSignal, call: CallOptions): Promise<CatalogEntry> {
    try {
      return { engine, models: visibleModels(engine, await engine.models(signal, call)) }
    } catch (error) {
      const models = this.#entries.find((entry) => entry.engine === engine)?.models ?? []
      return { engine, models, error: toApiError(error) }
    }
  }
}

/** Without the sizes where the engine fails: its models are known all the same. */
async function sizedModels(engine: Engine, signal: AbortSignal, call: CallOptions) {
  try {
    return await engine.sizedModels?.(signal, call)
  } catch {
    return undefined
  }
}

function isShown({ engine }: CatalogEntry): boolean {
  return engine.isAbsent !== true
}
