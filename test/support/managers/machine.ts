/** The state machine of a server that loads models on demand. */
import { setTimeout as sleep } from 'node:timers/promises'

export type State = 'unloaded' | 'loading' | 'loaded' | 'unloading'

export interface MachineOptions {
  /** The models, of which none is loaded at first but these. */
  models: string[]
  loaded?: string[]
  /** Whether it has room for all models at once; by default one is unloaded for the next. */
  holdsAll?: boolean
  /** Milliseconds that loading and unloading a model take. */
  loadMs?: number
  unloadMs?: number
  /** The models that can't be loaded, and the exit code of their process. */
  failing?: Record<string, number>
}

/** A model that could not be loaded. */
export class LoadError extends Error {
  readonly model: string
  readonly exitCode: number

  constructor(model: string, exitCode: number) {
    super(`${model} failed to load`)
    this.model = model
    this.exitCode = exitCode
  }
}

export class Machine {
  readonly models: string[]
  readonly states = new Map<string, State>()
  /** The exit codes of the models whose last load failed. */
  readonly failed = new Map<string, number>()
  /** The models of which a load was begun, oldest first. */
  readonly loads: string[] = []
  loadMs: number
  #loadingSince = 0
  readonly #unloadMs: number
  readonly #failing: Record<string, number>
  readonly #holdsAll: boolean
  /** The loads in progress where there is room for all models; requests for the same one share it. */
  readonly #loading = new Map<string, Promise<void>>()
  /** The last load where there is room for one. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: MachineOptions) {
    const { models, loaded = [], loadMs = 0, unloadMs = 0, failing = {} } = options
    this.models = models
    this.#holdsAll = options.holdsAll ?? false
    for (const model of models) this.states.set(model, 'unloaded')
    for (const model of loaded) this.states.set(model, 'loaded')
    this.loadMs = loadMs
    this.#unloadMs = unloadMs
    this.#failing = failing
  }

  /** Whether a model is being loaded. */
  get isLoading(): boolean {
    return [...this.states.values()].includes('loading')
  }

  /** How much of the model that is being loaded is done, from 0 to 1. */
  get progress(): number {
    return Math.min(1, (performance.now() - this.#loadingSince) / this.loadMs)
  }

  /** Resolves when the model is loaded, which unloads the others first. */
  ready(model: string): Promise<void> {
    if (this.#holdsAll) return this.#share(model)
    const loading = this.#queue.then(() => this.#load(model))
    this.#queue = loading.catch(() => {})
    return loading
  }

  #share(model: string): Promise<void> {
    let loading = this.#loading.get(model)
    if (loading === undefined) {
      loading = this.#load(model).finally(() => this.#loading.delete(model))
      this.#loading.set(model, loading)
    }
    return loading
  }

  async #load(model: string): Promise<void> {
    if (this.states.get(model) === 'loaded') return
    for (const [other, state] of this.states) {
      if (state !== 'loaded' || this.#holdsAll) continue
      this.states.set(other, 'unloading')
      await sleep(this.#unloadMs)
      this.states.set(other, 'unloaded')
    }
    this.loads.push(model)
    this.failed.delete(model)
    this.states.set(model, 'loading')
    this.#loadingSince = performance.now()
    await sleep(this.loadMs)
    const exitCode = this.#failing[model]
    this.states.set(model, exitCode === undefined ? 'loaded' : 'unloaded')
    if (exitCode === undefined) return
    this.failed.set(model, exitCode)
    throw new LoadError(model, exitCode)
  }
}
