import type { Progress } from '../engine.ts'
import { fromMlc } from './errors.ts'
import type { Mlc, MlcProgress } from './mlc-types.ts'

/** Loads one model at a time onto the GPU. Calls must not overlap. */
export class Loader {
  /** The model that is loaded. */
  loaded: string | undefined
  readonly #mlc: Mlc
  readonly #onProgress: (progress: Progress) => void
  #loading: string | undefined

  constructor(mlc: Mlc, onProgress: (progress: Progress) => void) {
    this.#mlc = mlc
    this.#onProgress = onProgress
    mlc.setInitProgressCallback((progress) => this.#report(progress))
  }

  /**
   * Loads a model in place of the current one. Rejects with an `ApiError`, or with the signal's
   * reason where that aborted the loading.
   */
  async load(model: string, signal: AbortSignal): Promise<void> {
    if (this.loaded === model) return
    this.loaded = undefined
    this.#loading = model
    // web-llm checks its own signal only between two files: what it still loads is unloaded below.
    const stop = () => void this.#mlc.unload().catch(() => {})
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#mlc.reload(model)
    } catch (error) {
      if (!signal.aborted) throw fromMlc(error, 'load', model)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#loading = undefined
    }
    if (signal.aborted) {
      await this.unload()
      throw signal.reason
    }
    this.loaded = model
  }

  /** Frees the GPU's memory. Never rejects: an error means that the model is lost already. */
  async unload(): Promise<void> {
    this.loaded = undefined
    await this.#mlc.unload().catch(() => {})
  }

  #report({ progress, text }: MlcProgress): void {
    const model = this.#loading
    if (model !== undefined) this.#onProgress({ model, done: progress, text })
  }
}
