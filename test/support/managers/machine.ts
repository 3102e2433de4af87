/** The state machine of a server that loads models on demand, one at a time. */
import { setTimeout as sleep } from 'node:timers/promises'

export type State = 'unloaded' | 'loading' | 'loaded' | 'unloading'

export interface MachineOptions {
  /** The models, of which none is loaded at first but these. */
  models: string[]
  loaded?: string[]
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
  /** How often a load was begun. */
  loads = 0
  loadMs: number
  #loadingSince = 0
  readonly #unloadMs: number
  readonly #failing: Record<string, number>
  #queue: Promise<unknown> = Promise.resolve()

  constructor({ models, loaded = [], loadMs = 0, unloadMs = 0, failing = {} }: MachineOptions) {
    this.models = models
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
  async ready(model: string): Promise<void> {
    const loading = this.#queue.then(() => this.#load(model))
    this.#queue = loading.catch(() => {})
    await loading
  }

  async #load(model: string): Promise<void> {
    if (this.states.get(model) === 'loaded') return
    for (const [other, state] of this.states) {
      if (state !== 'loaded') continue
      this.states.set(other, 'unloading')
      await sleep(this.#unloadMs)
      this.states.set(other, 'unloaded')
    }
    this.loads++
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
