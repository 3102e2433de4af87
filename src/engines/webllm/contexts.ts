import type { Model } from '../engine.ts'
import {
  bytesPerToken,
  type ContextLimits,
  type ContextSetting,
  contextFor,
  hasChoice,
  longestContext,
  memoryWith,
  statedContext,
} from './context.ts'
import type { MlcLoadOptions, ModelRecord } from './mlc-types.ts'

/** The lengths of the models' contexts, and which of them turned out to be too long for the GPU's memory. */
export class Contexts {
  readonly #limits: ContextLimits
  readonly #setting: ContextSetting | undefined
  /** Models that did not fit with the context that was chosen. */
  readonly #reduced = new Set<string>()

  constructor(limits: ContextLimits, setting?: ContextSetting) {
    this.#limits = limits
    this.#setting = setting
  }

  /** The length of a model's context in tokens; undefined where web-llm's own configuration decides. */
  lengthOf(record: ModelRecord): number | undefined {
    return this.#reduced.has(record.model_id) ? statedContext(record) : this.#chosen(record)
  }

  /** What web-llm has to be told when it loads a model, if it is anything. */
  loadOptions(record: ModelRecord): MlcLoadOptions | undefined {
    const length = this.lengthOf(record)
    if (length === undefined || length === statedContext(record)) return undefined
    // Its own configuration may have a sliding window, and web-llm refuses both.
    return { context_window_size: length, sliding_window_size: -1 }
  }

  /**
   * The memory was too small: from now on the model has the context that web-llm states. Returns whether
   * that is shorter than before.
   */
  reduce(record: ModelRecord): boolean {
    const [stated, length] = [statedContext(record), this.lengthOf(record)]
    if (stated === undefined || length === undefined || length <= stated) return false
    this.#reduced.add(record.model_id)
    return true
  }

  /** What a model's entry in `GET /v1/models` says of its context. */
  describe(record: ModelRecord): Partial<Model> {
    const length = this.lengthOf(record)
    const memory = memoryWith(record, length)
    const longest = hasChoice(record) ? longestContext(record, this.#limits) : undefined
    const perToken = bytesPerToken(record)
    return {
      ...(memory !== undefined && { memory_mb: Math.ceil(memory) }),
      ...(length !== undefined && { context_length: length }),
      ...(longest !== undefined && { max_context_length: longest }),
      ...(perToken !== undefined && { context_bytes_per_token: perToken }),
      ...(this.#reduced.has(record.model_id) && { context_reduced_from: this.#chosen(record) }),
    }
  }

  #chosen(record: ModelRecord): number | undefined {
    return contextFor(record, this.#limits, this.#setting)
  }
}
