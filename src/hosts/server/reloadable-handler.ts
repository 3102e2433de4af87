import { balancing } from '../../engines/pool/balancing.ts'
import { Conversations } from '../../engines/pool/conversations.ts'
import { PoolState } from '../../engines/pool/pool-state.ts'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import { createCheckedHandler, type Handler } from '../../handler.ts'
import type { HandlerHost } from '../../options.ts'
import { memoryResponses } from '../../routes/runs/runs.ts'
import type { Settings } from '../../settings/settings.ts'
import { memoryLimits } from '../../state/memory-limits.ts'
import { TabHub } from '../../tabs/hub.ts'
import { Pairings } from '../../tabs/pairings.ts'
import { Telemetry } from '../../telemetry/telemetry.ts'

/** Milliseconds, longer than any stream: a replaced handler may finish all of its requests. */
const UNLIMITED = 2 ** 31

/** A handler whose settings can be replaced. Running requests go on with the settings they began with. */
export class ReloadableHandler {
  /** The settings in force. */
  settings: Settings
  readonly #host: HandlerHost
  readonly #former = new Set<Handler>()
  #isLeaving = false
  #current: Handler

  constructor(settings: Settings, host: HandlerHost) {
    // Kept across reloads: what each key has used, stored responses, and what is known of upstreams,
    // with their slots and the queue.
    const shared = {
      limits: memoryLimits(),
      responses: memoryResponses(),
      seen: new Map(),
      finishes: new Map(),
      pool: new PoolState(false, { balancing, conversations: new Conversations() }),
      telemetry: new Telemetry(),
      tabs: new TabHub({ gather: settings.tabGather, tell: host.onTabEvent }),
      pairings: new Pairings(),
      paired: new Map(),
      instance: crypto.randomUUID(),
      isLeaving: () => this.#isLeaving,
    }
    this.#host = { ...shared, ...host }
    this.settings = settings
    this.#current = createCheckedHandler(settings, this.#host)
    this.#followKeys(settings)
  }

  readonly fetch = (request: Request): Promise<Response> => this.#current.fetch(request)

  refresh(): Promise<EngineStatus[]> {
    return this.#current.refresh()
  }

  /**
   * Takes settings that `parseSettings` has checked. Throws a `SettingsError` for what this server
   * cannot do, and then keeps the present ones.
   */
  replace(settings: Settings): void {
    const next = createCheckedHandler(settings, this.#host)
    const former = this.#current
    this.#former.add(former)
    void former.drain(UNLIMITED).then(() => this.#former.delete(former))
    this.#current = next
    this.settings = settings
    this.#followKeys(settings)
  }

  /** Keys that the settings have now are theirs; tabs whose keys may offer no longer leave. */
  #followKeys({ keys }: Settings): void {
    const { paired, tabs } = this.#host
    for (const { hash } of keys) paired?.delete(hash)
    tabs?.follow(() => [...keys, ...(paired?.values() ?? [])])
  }

  /** From now on `/health/ready` answers 503; all else is answered as before. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Whether a browser tab answers a request: it sends what it answers over further connections. */
  get hasBusyTabs(): boolean {
    return this.#host.tabs?.isBusy === true
  }

  async drain(graceMs: number): Promise<void> {
    const all = [this.#current, ...this.#former]
    await Promise.all(all.map((handler) => handler.drain(graceMs)))
    this.#host.tabs?.close()
    await this.#host.telemetry?.flush()
  }
}
