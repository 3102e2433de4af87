/**
 * How long the context of a model is. web-llm's list says 4,096 tokens for nearly all of them; web-llm takes
 * another length when it loads a model, and allocates the memory for all of it at once.
 */
import { matchesPattern } from '../../util/matches-pattern.ts'
import { EMBEDDING_TYPE, type ModelRecord } from './mlc-types.ts'
import { bytesPerNumber, type ModelShape, shapeOf } from './model-shapes.ts'

const MIB = 2 ** 20

/** What limits the context of the models on a device. */
export interface ContextLimits {
  /** Megabytes that a model may take with a default context; without it, little more than web-llm states. */
  memory?: number | undefined
  /** Megabytes that a model may take with a context of the user's own. */
  maxMemory?: number | undefined
  /** Bytes of the largest buffer that a shader may use. */
  maxStorageBufferBindingSize: number
}

/** The user's own lengths in tokens: one for all models, or by their names, in which `*` stands for anything. */
export type ContextSetting = number | Readonly<Record<string, number>>

/** The lengths among which a default is chosen; a larger one has to be asked for. */
const DEFAULTS = [32_768, 24_576, 16_384, 12_288, 8_192]

/** Megabytes by which a model may exceed what web-llm states, where the device's memory is not known. */
const UNKNOWN_MEMORY = 1_024

/** The context that web-llm's list states for a model. */
export function statedContext({ overrides }: ModelRecord): number | undefined {
  return overrides?.context_window_size
}

/** Whether the length of a model's context can be chosen: one with a sliding window has no end. */
export function hasChoice({ overrides = {}, model_type }: ModelRecord): boolean {
  const window = overrides.sliding_window_size
  return model_type !== EMBEDDING_TYPE && !(typeof window === 'number' && window > 0)
}

/** Bytes of memory for each token of a model's context; undefined where its shape is not known. */
export function bytesPerToken(record: ModelRecord): number | undefined {
  const shape = shapeOf(record.model_id)
  return shape && shape.layers * layerBytes(shape, record)
}

/** Megabytes (of 2²⁰ bytes, as web-llm counts) that a model takes with a context of that length. */
export function memoryWith(record: ModelRecord, tokens: number | undefined): number | undefined {
  const { vram_required_MB: stated } = record
  const perToken = bytesPerToken(record)
  const included = statedContext(record)
  if (stated === undefined || perToken === undefined) return stated
  if (tokens === undefined || included === undefined) return stated
  return stated + ((tokens - included) * perToken) / MIB
}

/** The longest context that a model was made for and a shader can use; undefined where that is not known. */
export function longestContext(
  record: ModelRecord,
  { maxStorageBufferBindingSize }: ContextLimits,
): number | undefined {
  const shape = shapeOf(record.model_id)
  if (shape === undefined) return undefined
  // The cache of a layer is one buffer.
  const fitting = Math.floor(maxStorageBufferBindingSize / layerBytes(shape, record))
  const stated = statedContext(record) ?? 0
  return Math.max(Math.min(shape.longest, fitting), Math.min(stated, shape.longest))
}

/**
 * The context with which a model is loaded: the user's own, as far as the model was made for it and the
 * GPU's buffers and the memory allow; or the longest default that they allow. Undefined where web-llm's own
 * configuration decides.
 */
export function contextFor(
  record: ModelRecord,
  limits: ContextLimits,
  setting?: ContextSetting,
): number | undefined {
  const stated = statedContext(record)
  if (!hasChoice(record)) return stated
  const longest = longestContext(record, limits)
  const own = settingFor(record.model_id, setting)
  if (own !== undefined) {
    const possible = Math.min(own, longest ?? own)
    const { maxMemory } = limits
    return maxMemory === undefined ? possible : withinMemory(record, maxMemory, possible)
  }
  if (stated === undefined || longest === undefined) return stated
  const memory = limits.memory ?? (record.vram_required_MB ?? 0) + UNKNOWN_MEMORY
  const lengths = DEFAULTS.filter((length) => length > stated && length <= longest)
  return lengths.find((length) => (memoryWith(record, length) ?? 0) <= memory) ?? stated
}

/** A chosen length that the memory does not hold is shortened, but not below what web-llm states. */
function withinMemory(record: ModelRecord, memory: number, tokens: number): number {
  const perToken = bytesPerToken(record)
  const stated = statedContext(record)
  const needed = memoryWith(record, tokens)
  if (perToken === undefined || stated === undefined || needed === undefined) return tokens
  if (needed <= memory || tokens <= stated) return tokens
  const fewer = Math.ceil(((needed - memory) * MIB) / perToken)
  return Math.max(Math.min(stated, tokens), tokens - fewer)
}

/** A name in full comes before patterns. */
function settingFor(model: string, setting: ContextSetting | undefined): number | undefined {
  if (setting === undefined || typeof setting === 'number') return setting
  if (Object.hasOwn(setting, model)) return setting[model]
  const pattern = Object.keys(setting).find((name) => matchesPattern(name, model))
  return pattern === undefined ? undefined : setting[pattern]
}

function layerBytes({ kvHeads, headDim }: ModelShape, { model_id }: ModelRecord): number {
  // One key and one value for each head.
  return 2 * kvHeads * headDim * bytesPerNumber(model_id)
}
