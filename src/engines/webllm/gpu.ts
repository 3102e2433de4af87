import { ApiError } from '../../wire/errors/api-error.ts'
import type { GpuFacts } from './models.ts'

/** What is used of WebGPU here; web-llm uses the rest. */
interface Gpu {
  requestAdapter(options: { powerPreference: string }): Promise<Adapter | null>
}

interface Adapter {
  features: ReadonlySet<string>
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number }
  info?: { vendor?: string; architecture?: string; device?: string; description?: string }
}

/** A GPU, and what people call it. */
export interface FoundGpu extends GpuFacts {
  /** `llvmpipe (LLVM 19.1.7, 256 bits)`; empty where the browser keeps it to itself. */
  name: string
}

/** web-llm asks for 1 GiB of one buffer; of a GPU that can't give it, for 128 MiB. */
const LARGE = 2 ** 30
const SMALL = 2 ** 27

/** The least that web-llm starts with: buffers of 256 MiB. */
const LEAST_BUFFER = 2 ** 28

/** Looks for a GPU. Rejects with an `ApiError` (503) that says what is missing. */
export async function findGpu(
  gpu = (globalThis.navigator as unknown as { gpu?: Gpu } | undefined)?.gpu,
): Promise<FoundGpu> {
  if (gpu === undefined) {
    throw missing(
      'webgpu_missing',
      'There is no WebGPU here: the runtime is too old, has it turned off, or the page does not come from https or localhost.',
    )
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw missing(
      'adapter_missing',
      'WebGPU found no GPU: there is none, or its driver is missing or not trusted.',
    )
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  if (maxBufferSize < LEAST_BUFFER || maxStorageBufferBindingSize < SMALL) {
    throw missing(
      'adapter_too_small',
      `The GPU is too small: buffers of ${LEAST_BUFFER / 2 ** 20} MiB are needed, and it has at most ${Math.floor(maxBufferSize / 2 ** 20)} MiB.`,
    )
  }
  const { description, device, architecture, vendor } = adapter.info ?? {}
  return {
    name: description || device || [vendor, architecture].filter(Boolean).join(' '),
    features: adapter.features,
    maxStorageBufferBindingSize: maxStorageBufferBindingSize < LARGE ? SMALL : LARGE,
  }
}

function missing(code: string, message: string): ApiError {
  return new ApiError(503, message, { code })
}
