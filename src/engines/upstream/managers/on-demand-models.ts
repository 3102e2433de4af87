import type { LoadState, Model } from '../../engine.ts'
import type { UpstreamClient } from '../client.ts'
import type { ServerKind } from '../server-kind.ts'
import { readLoadEvents } from './load-events.ts'
import { type Asking, LoadWatch } from './load-watch.ts'
import { type Manager, managerOf, statefulNames, stateOf } from './manager.ts'
import type { ModelStates } from './model-state.ts'

/** Milliseconds for which an answer is used again. */
const TOLD_FOR = 1_000

/** The models of a server that loads them on demand, if it is one that says which are loaded. */
export class OnDemandModels {
  readonly #asking: Asking
  /** Milliseconds for which a list of models waits for the states of its models. */
  readonly #listWait: number
  #manager: Manager | undefined
  #watch: LoadWatch | undefined
  #names: ReadonlyMap<string, string> = new Map()
  /** Of what those are the names. */
  #listed: { kind: ServerKind | undefined; models: readonly Model[] } | undefined
  /** The last answer, which says more than states. */
  #told: { path: string; value: unknown; at: number } | undefined

  /** `isDiscovered`: whether discovery found the server, which gives it less time to list its models. */
  constructor(client: UpstreamClient, isDiscovered: boolean) {
    this.#listWait = isDiscovered ? 100 : 1_000
    this.#asking = {
      json: (path, signal) => client.getJson(path, { signal }),
      events: async (path, signal, take) =>
        readLoadEvents(await client.get(path, { signal }), take),
    }
  }

  /** Notes what the server lists. Resolves with the same models, and `loaded` where it is known. */
  async list(kind: ServerKind | undefined, models: Model[], signal: AbortSignal): Promise<Model[]> {
    const manager = managerOf(kind, models)
    if (models !== this.#listed?.models || kind !== this.#listed.kind) {
      this.#listed = { kind, models }
      this.#names = statefulNames(kind, models)
    }
    if (manager !== this.#manager) {
      this.#manager = manager
      this.#watch = manager && new LoadWatch(manager, this.#asking)
    }
    if (manager === undefined || manager.isListed) return models
    const states = await this.#statesFor(manager, signal)
    if (states === undefined) return models
    this.#watch?.note(states)
    return models.map((model) => {
      const own = this.#names.get(model.id)
      const state = own === undefined ? undefined : stateOf(manager, states, own)
      if (state === undefined || state.kind === 'loading') return model
      return { ...model, loaded: state.kind === 'loaded' }
    })
  }

  /** Undefined where the server does not answer soon: a list does not wait for optional details. */
  async #statesFor(manager: Manager, signal: AbortSignal): Promise<ModelStates | undefined> {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(this.#listWait)])
    try {
      const value = await this.#asking.json(manager.path, soon)
      this.#told = { path: manager.path, value, at: performance.now() }
      return manager.read(value)
    } catch {
      return undefined
    }
  }

  /** What the server has just answered at a path, so that it need not be asked twice. */
  told(path: string): unknown {
    const told = this.#told
    const isRecent = told?.path === path && performance.now() - told.at < TOLD_FOR
    return isRecent ? told.value : undefined
  }

  /** What the server says of a model, by a name that it knows; see `Engine.loadState`. */
  look(name: string | undefined, since: number): LoadState | undefined {
    const own = name === undefined ? undefined : this.#names.get(name)
    return own === undefined ? undefined : this.#watch?.look(own, since)
  }
}
