import type { Progress } from '../engine.ts'
import { fromMlc } from './errors.ts'
import type { Mlc, MlcProgress } from './mlc-types.ts'

/** Holds one model on the GPU at a time. Its calls must not overlap. */
export class Loader {
  /** The model that is ready. */
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
   * Makes a model the one that is loaded. Rejects with an `ApiError`; with the signal's reason where
   * that broke the loading off.
   */
  async load(model: string, signal: AbortSignal): Promise<void> {
    if (this.loaded === model) return
    this.loaded = undefined
    this.#loading = model
    // It looks at its own signal only between two files: what it still loads is thrown away below.
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

  /** Frees the GPU's memory. Never rejects: what can't be unloaded is gone. */
  async unload(): Promise<void> {
    this.loaded = undefined
    await this.#mlc.unload().catch(() => {})
  }

  #report({ progress, text }: MlcProgress): void {
    const model = this.#loading
    if (model !== undefined) this.#onProgress({ model, done: progress, text })
  }
}
