/** Which of web-llm's models this computer can run, and their entries in `GET /v1/models`. */
import type { Model } from '../engine.ts'
import type { Contexts } from './contexts.ts'
import { EMBEDDING_TYPE, type ModelRecord } from './mlc-types.ts'
import { toolFormOf } from './tools/forms.ts'

/** A GPU's capabilities as WebGPU reports them; it does not report the memory size. */
export interface GpuFacts {
  features: ReadonlySet<string>
  /** Bytes. */
  maxStorageBufferBindingSize: number
}

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
  contexts?: Contexts,
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
    ...contexts?.describe(record),
    ...((record.model_type ?? 0) !== EMBEDDING_TYPE && { tools: toolFormOf(record) !== undefined }),
    ...(downloadBytes !== undefined && { download_bytes: downloadBytes }),
    ...(low_resource_required !== undefined && { low_resource: low_resource_required }),
  }
}
