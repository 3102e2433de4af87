import { ApiError } from '../../wire/errors/api-error.ts'
import type { GpuFacts } from './models.ts'

/** The part of WebGPU used here. */
interface Gpu {
  requestAdapter(options: { powerPreference: string }): Promise<Adapter | null>
}

interface Adapter {
  features: ReadonlySet<string>
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number }
  info?: { vendor?: string; architecture?: string; device?: string; description?: string }
}

/** A GPU with its name. */
export interface DetectedGpu extends GpuFacts {
  /** `llvmpipe (LLVM 19.1.7, 256 bits)`; empty where the browser does not reveal it. */
  name: string
}

/**
 * web-llm requests storage bindings of 1 GiB, or of 128 MiB where the GPU does not support that.
 */
const LARGE_BINDING = 2 ** 30
const SMALL_BINDING = 2 ** 27

/** The smallest buffer limit with which web-llm starts: 256 MiB. */
const MIN_BUFFER = 2 ** 28

/** Detects a GPU. Rejects with an `ApiError` (503) that says what is missing. */
export async function findGpu(
  gpu = (globalThis.navigator as unknown as { gpu?: Gpu } | undefined)?.gpu,
): Promise<DetectedGpu> {
  if (gpu === undefined) {
    throw missing(
      'webgpu_missing',
      'WebGPU is not available. Use a current browser or runtime with WebGPU enabled, and load the page from https or localhost.',
    )
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw missing(
      'adapter_missing',
      "WebGPU found no GPU. Check that this computer has one and that its driver is installed and not on the browser's blocklist.",
    )
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  if (maxBufferSize < MIN_BUFFER || maxStorageBufferBindingSize < SMALL_BINDING) {
    throw missing(
      'adapter_too_small',
      `The GPU supports buffers of at most ${Math.floor(maxBufferSize / 2 ** 20)} MiB, and web-llm needs ${MIN_BUFFER / 2 ** 20} MiB. Use another GPU.`,
    )
  }
  const { description, device, architecture, vendor } = adapter.info ?? {}
  return {
    name: description || device || [vendor, architecture].filter(Boolean).join(' '),
    features: adapter.features,
    maxStorageBufferBindingSize:
      maxStorageBufferBindingSize < LARGE_BINDING ? SMALL_BINDING : LARGE_BINDING,
  }
}

function missing(code: string, message: string): ApiError {
  return new ApiError(503, message, { code })
}
