import type { Progress } from '../engine.ts'
import type { Contexts } from './contexts.ts'
import { fromMlc, isOutOfMemory } from './errors.ts'
import type { Mlc, MlcProgress, ModelRecord } from './mlc-types.ts'

/** Loads one model at a time onto the GPU. Calls must not overlap. */
export class Loader {
  /** The model that is loaded. */
  loaded: string | undefined
  readonly #mlc: Mlc
  readonly #contexts: Contexts
  readonly #onProgress: (progress: Progress) => void
  #loading: string | undefined
  /** Said before each step while a model is loaded anew with a shorter context. */
  #notice = ''

  constructor(mlc: Mlc, contexts: Contexts, onProgress: (progress: Progress) => void) {
    this.#mlc = mlc
    this.#contexts = contexts
    this.#onProgress = onProgress
    mlc.setInitProgressCallback((progress) => this.#report(progress))
  }

  /**
   * Loads a model in place of the current one. Where the GPU's memory is too small for its context, loads it
   * again with the one that web-llm states. Rejects with an `ApiError`, or with the signal's reason where
   * that aborted the loading.
   */
  async load(record: ModelRecord, signal: AbortSignal): Promise<void> {
    const model = record.model_id
    if (this.loaded === model) return
    this.loaded = undefined
    this.#loading = model
    // web-llm checks its own signal only between two files: what it still loads is unloaded below.
    const stop = () => void this.#mlc.unload().catch(() => {})
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#reload(record, signal)
    } catch (error) {
      if (!signal.aborted) throw fromMlc(error, 'load', model)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#loading = undefined
      this.#notice = ''
    }
    if (signal.aborted) {
      await this.unload()
      throw signal.reason
    }
    this.loaded = model
  }

  async #reload(record: ModelRecord, signal: AbortSignal): Promise<void> {
    try {
      await this.#mlc.reload(record.model_id, this.#contexts.loadOptions(record))
    } catch (error) {
      const before = this.#contexts.lengthOf(record)
      if (signal.aborted || !isOutOfMemory(error) || !this.#contexts.reduce(record)) throw error
      const after = this.#contexts.lengthOf(record)
      this.#notice = `A context of ${before} tokens does not fit into the GPU's memory; loading with ${after}. `
      await this.#mlc.reload(record.model_id, this.#contexts.loadOptions(record))
    }
  }

  /** Frees the GPU's memory. Never rejects: an error means that the model is lost already. */
  async unload(): Promise<void> {
    this.loaded = undefined
    await this.#mlc.unload().catch(() => {})
  }

  #report({ progress, text }: MlcProgress): void {
    const model = this.#loading
    if (model === undefined) return
    this.#onProgress({ model, done: progress, text: `${this.#notice}${text}` })
  }
}
