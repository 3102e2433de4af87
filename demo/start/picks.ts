/**
 * Which of web-llm's models to try first, and whether they fit. Memory, context and tools are what the engine
 * says of each; the numbers of parameters are those of the models' cards, for the size of a download that
 * nobody states before it was made.
 */
import type { Model } from '../api.ts'

export type Device = 'phone' | 'laptop' | 'desktop' | 'embedding'

export interface Pick {
  device: Device
  title: string
  model: Model
  /** Bytes to download, as far as it can be told: exact once it was downloaded. */
  download: number
  /** Whether it fits into the memory of this device; undefined where the browser does not say. */
  fits: boolean | undefined
}

interface Suggestion {
  device: Device
  title: string
  /** How the names of its builds begin. */
  name: string
  parameters: number
}

const SUGGESTIONS: readonly Suggestion[] = [
  {
    device: 'phone',
    title: 'Llama 3.2, 1B',
    name: 'Llama-3.2-1B-Instruct',
    parameters: 1.24e9,
  },
  { device: 'laptop', title: 'Qwen3, 4B', name: 'Qwen3-4B', parameters: 4.02e9 },
  { device: 'desktop', title: 'Qwen3, 8B', name: 'Qwen3-8B', parameters: 8.19e9 },
  {
    device: 'embedding',
    title: 'Snowflake Arctic Embed, M',
    name: 'snowflake-arctic-embed-m',
    parameters: 0.109e9,
  },
]

/**
 * Builds with weights of four bits, the smaller one first, and the bits of a weight with its scale. Embedding
 * models have 32 bits, and the build for four texts at a time takes the least memory.
 */
const BUILDS = [
  ['q4f16_1-MLC', 4.5],
  ['q4f32_1-MLC', 5],
  ['q0f32-MLC-b4', 32],
] as const

/** The models to try among those that this GPU can run. `memory`: gigabytes of this device, where known. */
export function picksOf(models: readonly Model[], memory: number | undefined): Pick[] {
  return SUGGESTIONS.flatMap(({ device, title, name, parameters }) => {
    for (const [build, bits] of BUILDS) {
      const model = models.find(({ id }) => id === `${name}-${build}`)
      if (model === undefined) continue
      const download = model.download_bytes ?? (parameters * bits) / 8
      return [{ device, title, model, download, fits: fits(model, memory) }]
    }
    return []
  })
}

/** A model may take half of the memory: the system and the browser need the rest. */
function fits({ memory_mb: needed }: Model, memory: number | undefined): boolean | undefined {
  if (memory === undefined || needed === undefined) return undefined
  return needed / 1_000 <= memory / 2
}

/** The device that this seems to be. `isSmall`: it has a touch screen, or no GPU of its own. */
export function deviceOf(
  isSmall: boolean,
  memory: number | undefined,
): Exclude<Device, 'embedding'> {
  if (isSmall) return 'phone'
  return memory !== undefined && memory >= 16 ? 'desktop' : 'laptop'
}
