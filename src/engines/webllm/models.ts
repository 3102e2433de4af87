/** Which of web-llm's models this computer can run, and their entries in `GET /v1/models`. */
import * as z from 'zod/mini'
import type { Model } from '../engine.ts'
import type { ModelRecord } from './mlc-types.ts'

/** A GPU's capabilities as WebGPU reports them; it does not report the memory size. */
export interface GpuFacts {
  features: ReadonlySet<string>
  /** Bytes. */
  maxStorageBufferBindingSize: number
}

/** `model_type` of an embedding model. */
export const EMBEDDING_TYPE = 1

/** `model_type` as a word. */
const KINDS = ['chat', 'embedding', 'vision'] as const

/** The models that the GPU's features and buffers and the limit on memory (in MB) allow. */
export function runnableModels(
  records: readonly ModelRecord[],
  gpu: GpuFacts,
  maxMemory = Number.POSITIVE_INFINITY,
): ModelRecord[] {
  return records.filter(
    ({ required_features = [], buffer_size_required_bytes = 0, vram_required_MB = 0 }) =>
      required_features.every((feature) => gpu.features.has(feature)) &&
      buffer_size_required_bytes <= gpu.maxStorageBufferBindingSize &&
      vram_required_MB <= maxMemory,
  )
}

/** A model's entry in `GET /v1/models`, with what a person needs to choose one. */
export function toModel(
  record: ModelRecord,
  loaded: string | undefined,
  downloadBytes?: number,
): Model {
  const { model_id, vram_required_MB, overrides, low_resource_required } = record
  const context = overrides?.context_window_size
  return {
    id: model_id,
    object: 'model',
    created: 0,
    owned_by: 'web-llm',
    weights: record.model,
    kind: KINDS[record.model_type ?? 0] ?? 'chat',
    loaded: model_id === loaded,
    ...(vram_required_MB !== undefined && { memory_mb: Math.ceil(vram_required_MB) }),
    ...(context !== undefined && { context_length: context }),
    ...(downloadBytes !== undefined && { download_bytes: downloadBytes }),
    ...(low_resource_required !== undefined && { low_resource: low_resource_required }),
  }
}

const RecordSchema = z.looseObject({
  model: z.string().check(z.minLength(1)),
  model_id: z.string().check(z.minLength(1)),
  model_lib: z.string().check(z.minLength(1)),
  overrides: z.optional(z.looseObject({})),
  vram_required_MB: z.optional(z.number()),
  low_resource_required: z.optional(z.boolean()),
  buffer_size_required_bytes: z.optional(z.number()),
  required_features: z.optional(z.array(z.string())),
  model_type: z.optional(z.number()),
  embedding_dimensions: z.optional(z.array(z.number())),
})

/**
 * Reads a list of custom models from JSON: an array in the form of web-llm's `model_list`, or an
 * object with that field. `base`: the base of relative URLs in it. Throws a `TypeError` that names
 * the field.
 */
export function readModelList(json: unknown, base: string): ModelRecord[] {
  const list = Array.isArray(json) ? json : (json as { model_list?: unknown } | null)?.model_list
  const { success, data, error } = z.array(RecordSchema).safeParse(list)
  if (!success) {
    const [issue] = error.issues
    const [index, field] = issue?.path ?? []
    const place = index === undefined ? 'model_list' : `model_list[${String(index)}]`
    const at = field === undefined ? place : `${place}.${String(field)}`
    throw new TypeError(`${at}: expected ${expectedValue(index, field, issue)}.`)
  }
  return (data as ModelRecord[]).map((record) => ({
    ...record,
    model: new URL(record.model, base).href,
    model_lib: new URL(record.model_lib, base).href,
  }))
}

function expectedValue(
  index: PropertyKey | undefined,
  field: PropertyKey | undefined,
  issue: object | undefined,
): string {
  if (index === undefined) return 'a list of models'
  if (field === undefined) return 'an object with model, model_id and model_lib'
  if (['model', 'model_id', 'model_lib'].includes(String(field)))
    return 'a string that is not empty'
  return issue && 'expected' in issue ? `a value of type ${issue.expected}` : 'another value'
}
