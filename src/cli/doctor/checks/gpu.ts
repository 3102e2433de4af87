/** The GPUs of this machine and their memory, and whether this runtime can use one by WebGPU. */
import { readdir, readFile } from 'node:fs/promises'
import os from 'node:os'
import { findGpu } from '../../../engines/webllm/gpu.ts'
import { isObject, parseObject } from '../../../util/object.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { outputOf } from '../programs.ts'
import { shownBytes } from '../shown.ts'
import { runtimeName } from './runtime.ts'

const MIB = 1024 ** 2

/** Drivers that use no GPU. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render/i

export const checkWebgpu: Check = ({ context, settings }) => webgpuFound(context, settings)

export const checkGpu: Check = async (_, signal) => {
  const cards = await cardsFound(signal)
  const none: Observation = {
    code: 'gpu_none',
    level: 'hint',
    text: `No GPU was found; models run on the processor, which has ${shownBytes(os.totalmem())} of memory to share with them.`,
    remedy: 'Use small models, such as qwen3:1.7b with Ollama.',
  }
  return cards.length > 0 ? cards : [none]
}

async function cardsFound(signal: AbortSignal): Promise<Observation[]> {
  if (process.platform === 'darwin')
    return appleFound(await outputOf('system_profiler', ['SPDisplaysDataType', '-json'], signal))
  const [nvidia, amd, without] = await Promise.all([
    nvidiaFound(signal),
    amdFound(),
    withoutDriver(),
  ])
  return [...nvidia, ...amd, ...(nvidia.length > 0 ? [] : without)]
}

const NVIDIA = [
  '--query-gpu=name,memory.total,memory.free,driver_version',
  '--format=csv,noheader,nounits',
]

async function nvidiaFound(signal: AbortSignal): Promise<Observation[]> {
  return readNvidia((await outputOf('nvidia-smi', NVIDIA, signal)) ?? '')
}

/** What `nvidia-smi` prints of each card. */
export function readNvidia(text: string): Observation[] {
  return text.split('\n').flatMap((line): Observation[] => {
    const [name, total, free, driver] = line.split(',').map((part) => part.trim())
    if (!name || Number.isNaN(Number(total))) return []
    const left = Number(free) * MIB
    const shown = `${name} with ${shownBytes(Number(total) * MIB)} of memory, ${shownBytes(left)} of it free (driver ${driver})`
    const isFull = left < 0.1 * Number(total) * MIB
    return [
      isFull
        ? {
            code: 'gpu_full',
            level: 'hint',
            text: `${shown}: hardly anything is free for another model.`,
            remedy: 'See which programs use it.',
            command: 'nvidia-smi',
          }
        : { code: 'gpu', level: 'ok', text: `${shown}.` },
    ]
  })
}

/** AMD's driver tells of its cards in the file system. */
async function amdFound(): Promise<Observation[]> {
  const cards = await readdir('/sys/class/drm').catch(() => [])
  const found = await Promise.all(
    cards
      .filter((name) => /^card\d+$/.test(name))
      .map(async (name): Promise<Observation[]> => {
        const read = (file: string) =>
          readFile(`/sys/class/drm/${name}/device/${file}`, 'utf8').then(
            (text) => text.trim(),
            () => '',
          )
        const [vendor, total, used, product] = await Promise.all(
          ['vendor', 'mem_info_vram_total', 'mem_info_vram_used', 'product_name'].map(read),
        )
        if (vendor !== '0x1002' || !total) return []
        const free = Number(total) - Number(used)
        return [
          {
            code: 'gpu',
            level: 'ok',
            text: `${product || 'An AMD GPU'} with ${shownBytes(Number(total))} of memory, ${shownBytes(free)} of it free.`,
          },
        ]
      }),
  )
  return found.flat()
}

/** A card of NVIDIA whose driver does not run. */
async function withoutDriver(): Promise<Observation[]> {
  const devices = await readdir('/sys/bus/pci/devices').catch(() => [])
  const cards = await Promise.all(
    devices.map(async (name) => {
      const read = (file: string) =>
        readFile(`/sys/bus/pci/devices/${name}/${file}`, 'utf8').then(
          (text) => text.trim(),
          () => '',
        )
      const [vendor, kind] = await Promise.all([read('vendor'), read('class')])
      return vendor === '0x10de' && /^0x03/.test(kind)
    }),
  )
  if (!cards.some(Boolean)) return []
  const [driver] = await readdir('/proc/driver/nvidia/gpus').catch(() => [])
  const text =
    driver === undefined
      ? 'There is an NVIDIA GPU, but its driver is not loaded, so that models run on the processor.'
      : 'There is an NVIDIA GPU with its driver, but nvidia-smi could not be run, so that its memory is not known.'
  const remedy = 'Install the driver of NVIDIA, and see whether this lists the GPU:'
  return [
    {
      code: 'gpu_driver',
      level: driver === undefined ? 'warning' : 'hint',
      text,
      remedy,
      command: 'nvidia-smi',
    },
  ]
}

/** What `system_profiler` says of the displays of a Mac, whose GPU has the memory of the machine. */
export function appleFound(json: string | undefined): Observation[] {
  const list = parseObject(json ?? '')?.SPDisplaysDataType
  if (!Array.isArray(list)) return []
  return list.filter(isObject).map((each): Observation => {
    const { sppci_model: model, spdisplays_vram: memory } = each
    const name = typeof model === 'string' ? model : 'A GPU'
    const size =
      typeof memory === 'string' ? memory : `the ${shownBytes(os.totalmem())} of the machine`
    return { code: 'gpu', level: 'ok', text: `${name}, which can use ${size} of memory.` }
  })
}

async function webgpuFound(
  { runtime }: Examination['context'],
  { webgpu }: Examination['settings'],
): Promise<Observation[]> {
  const hasWebgpu = (globalThis.navigator as { gpu?: unknown } | undefined)?.gpu !== undefined
  if (!hasWebgpu) {
    const remedy = 'Deno has it, and so has the page in a current browser.'
    const text = `${runtimeName(runtime)} has no WebGPU, so that sluice runs no model by itself here; model servers need none.`
    return [{ code: 'webgpu_missing', level: 'ok', text, remedy }]
  }
  try {
    const { name } = await findGpu()
    if (SOFTWARE.test(name)) {
      const text = `WebGPU runs on the processor here (${name}): a token takes seconds.`
      const remedy = 'Install the driver of the GPU, if there is one; else use a model server.'
      return [{ code: 'webgpu_software', level: 'hint', text, remedy }]
    }
    return [
      {
        code: 'webgpu',
        level: 'ok',
        text: `WebGPU can use ${name || 'a GPU'}; --webgpu runs models on it.`,
      },
    ]
  } catch (error) {
    const text = `WebGPU cannot be used here: ${error instanceof Error ? error.message : String(error)}`
    return [{ code: 'webgpu_unusable', level: webgpu ? 'problem' : 'hint', text }]
  }
}
