import { type ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import type { Discovery } from './discovery.ts'
import { visibleModels } from './visible-models.ts'

/** An engine and what it serves, as last seen: for start-up output and the page. */
export interface EngineStatus {
  engine: string
  models: string[]
  /** Why it could not be asked. */
  error?: string
}

/** Milliseconds an engine may take to list its models before it counts as busy. */
const LIST_TIMEOUT = 2000

/** Milliseconds after which one that could not be asked is asked again. */
const RETRY_DOWN_AFTER = 5_000

/** Milliseconds for which a list asked for through another sluice answers others through that one. */
const RELAY_MAX_AGE = 1_000

/** The most other sluices for which engines are asked anew within that time: anybody can send an id. */
const MAX_RELAYS = 16

/** An engine and what is known of it. */
export interface CatalogEntry {
  engine: Engine
  /** What it serves; where it can't be asked now, what it served when it last could. */
  models: Model[]
  /** Why it could not be asked. */
  error?: ApiError
  /** It was not asked yet. */
  isUnknown?: boolean
}

export interface CatalogOptions {
  /** In the order in which they are asked. */
  engines: Engine[]
  static: Engine
  discovery?: Discovery | undefined
  /** Whether a request may not wait for what another began (workerd). */
  isolateRequests: boolean
  /** The id of this sluice, which servers that are asked for their models are told. */
  instance?: () => string
}

/** Which engine serves what: asked of the engines, and remembered for a while. */
export class Catalog {
  readonly #options: CatalogOptions
  #entries: CatalogEntry[] = []
  #askedAt = Number.NEGATIVE_INFINITY
  #refreshing: Promise<CatalogEntry[]> | undefined
  /** What was asked for other sluices, by the hops of the request, the oldest first. */
  readonly #relays = new Map<
    string,
    { askedAt: number; entries: Promise<CatalogEntry[]> | CatalogEntry[] }
  >()

  constructor(options: CatalogOptions) {
    this.#options = options
  }

  /** Whether no engine can come or go. */
  get isFixed(): boolean {
    return this.#options.discovery === undefined
  }

  /** What is known, without asking anybody; before the first answer, engines without models. */
  get known(): CatalogEntry[] {
    if (this.#entries.length > 0) return this.#entries
    return [...this.#options.engines, this.#options.static].map((engine) => ({
      engine,
      models: [],
      isUnknown: true,
    }))
  }

  /**
   * What is known; a promise only where nothing is yet. What is older than `maxAge` ms is asked for
   * anew, for those who come later.
   */
  cachedEntries(maxAge: number): CatalogEntry[] | Promise<CatalogEntry[]> {
    if (this.#entries.length === 0) return this.entries(maxAge)
    const isOneDown = this.#entries.some(({ error }) => error !== undefined)
    const limit = isOneDown ? Math.min(maxAge, RETRY_DOWN_AFTER) : maxAge
    if (!this.#isRecent(limit)) this.entries(limit).catch(() => {})
    return this.#entries
  }

  /** Asks anew for what is older than `maxAge` ms, for those who come later. */
  refresh(maxAge: number): void {
    // There, nothing outlives the request that began it.
    if (!this.#options.isolateRequests) this.entries(maxAge).catch(() => {})
  }

  /**
   * What is known, and no older than `maxAge` ms: engines in their order, `static` last. `hops`: the
   * sluices that the request has passed, this one last.
   */
  async entries(maxAge: number, hops: readonly string[] = []): Promise<CatalogEntry[]> {
    if (this.#isRecent(maxAge)) return this.#entries
    if (hops.length > 1) return this.#relayedEntries(hops)
    if (this.#options.isolateRequests) {
      // The first to ask does so for all who can do with what is known.
      this.#askedAt = performance.now()
      return this.#listAll()
    }
    this.#refreshing ??= this.#listAll().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Every engine and what it serves, asked now. */
  async status(): Promise<EngineStatus[]> {
    return (await this.entries(0)).map(({ engine, models, error }) => ({
      engine: engine.label,
      models: models.map(({ id }) => id),
      ...(error && { error: error.message }),
    }))
  }

  #isRecent(maxAge: number): boolean {
    return this.#entries.length > 0 && performance.now() - this.#askedAt <= maxAge
  }

  /**
   * For a request that came through another sluice. Two that ask each other would wait for ever if
   * one such request waited for what another began. It may wait for one that came the same way: what
   * that one leads to comes back with this sluice among its hops, and is refused at once. That an
   * engine leads back to where this request came from says nothing about that engine. What came
   * through two others is told what is known: where many list each other, each would be asked along
   * every way there is.
   */
  async #relayedEntries(hops: readonly string[]): Promise<CatalogEntry[]> {
    if (hops.length > 2 && this.#entries.length > 0) {
      this.refresh(RETRY_DOWN_AFTER)
      return this.#entries
    }
    const now = performance.now()
    for (const [way, { askedAt }] of this.#relays) {
      if (now - askedAt > RELAY_MAX_AGE) this.#relays.delete(way)
    }
    const way = hops.join()
    const known = this.#relays.get(way)
    if (known !== undefined) return known.entries
    if (this.#relays.size >= MAX_RELAYS) {
      this.refresh(RETRY_DOWN_AFTER)
      if (this.#entries.length > 0) return this.#entries
    }
    const asking = this.#listRelayed(hops)
    const isShared = !this.#options.isolateRequests
    this.#relays.set(way, { askedAt: now, entries: isShared ? asking : await asking })
    return asking
  }

  async #listRelayed(hops: readonly string[]): Promise<CatalogEntry[]> {
    if (this.#entries.length === 0 && !this.isFixed) await this.entries(0)
    const signal = AbortSignal.timeout(LIST_TIMEOUT)
    return Promise.all(this.known.map(({ engine }) => this.#list(engine, signal, { hops })))
  }

  async #listAll(): Promise<CatalogEntry[]> {
    const signal = AbortSignal.timeout(LIST_TIMEOUT)
    const { engines, discovery, instance } = this.#options
    const call = instance ? { hops: [instance()] } : {}
    const [given, found, own] = await Promise.all([
      Promise.all(engines.map((engine) => this.#list(engine, signal, call))),
      discovery?.probeAll(signal, call) ?? [],
      this.#list(this.#options.static, signal, call),
    ])
    const there = found.map((each) => ({
      ...each,
      models: visibleModels(each.engine, each.models),
    }))
    this.#entries = [...given, ...there, own]
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
