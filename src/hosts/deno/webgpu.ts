import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Progress } from '../../engines/engine.ts'
import type { Port } from '../../engines/remote/protocol.ts'
import { createRemote } from '../../engines/remote/remote.ts'
import type { LocalEngine } from '../../engines/webllm/webllm.ts'
import type { EngineOptions, WorkerCommand, WorkerEvent } from '../../engines/webllm/worker.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'
import { workerUrl } from '../location.ts'

/** What a person can do where WebGPU finds nothing, by the error's code. */
const REMEDIES: Record<string, string> = {
  webgpu_missing: 'Deno 2.1 or later is needed.',
  adapter_missing:
    'Install its Vulkan driver, or one that computes on the CPU: apt install mesa-vulkan-drivers',
  adapter_too_small: 'Use a local GPU server instead: --upstream URL',
}

/**
 * The engine of this computer's GPU, in a worker: the server never waits for it. Rejects with a
 * `SettingsError` where there is no GPU that can do it, or the settings are wrong.
 */
export async function startWebgpu(
  settings: Settings,
  onProgress: (progress: Progress) => void,
  script = workerScript(),
): Promise<LocalEngine> {
  const options = await optionsOf(settings)
  let worker: Worker | undefined

  /** A worker that crashed is replaced when the next request comes. */
  async function connect(): Promise<Port> {
    worker ??= await begin()
    const { port1, port2 } = new MessageChannel()
    const order: WorkerCommand = { kind: 'connect', port: port2, who: 'server' }
    worker.postMessage(order, [port2])
    return port1 as unknown as Port
  }

  const begin = () =>
    startWorker(script, options, onProgress, () => {
      worker = undefined
      remote.lose()
    })
  const remote = createRemote({ label: 'webllm', connect })
  // What is wrong shows now, not at the first request.
  worker = await begin()
  return remote
}

/** Resolves when the worker's engine is ready. */
function startWorker(
  script: URL,
  options: EngineOptions,
  onProgress: (progress: Progress) => void,
  onCrash: () => void,
): Promise<Worker> {
  const worker = new Worker(script, { type: 'module', name: 'sluice-webgpu' })
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<WorkerEvent>) => {
      if (data.kind === 'progress') onProgress(data.progress)
      else if (data.kind === 'ready') resolve(worker)
      else {
        terminateLater(worker)
        const remedy = REMEDIES[data.error.code ?? '']
        reject(new SettingsError(`webgpu: ${data.error.message}${remedy ? ` ${remedy}` : ''}`))
      }
    })
    worker.addEventListener('error', (event) => {
      // Else Deno ends the whole process.
      event.preventDefault()
      onCrash()
      reject(new SettingsError(`webgpu: the engine did not start: ${event.message}`))
    })
    const order: WorkerCommand = { kind: 'start', options }
    worker.postMessage(order)
  })
}

/**
 * A process that exits while a worker's GPU driver is being unloaded crashes in it, and nothing
 * tells when that is over. So one that exits on the failure never begins it, and one that lives
 * on does so long enough.
 */
function terminateLater(worker: Worker): void {
  setTimeout(() => {
    worker.terminate()
    setTimeout(() => {}, 1_000)
  }, 1_000)
}

/** Beside the sources in a checkout, beside the build in a package. */
function workerScript(): URL {
  return workerUrl('engine')
}

async function optionsOf(settings: Settings): Promise<EngineOptions> {
  const { webgpuModels, webgpuMemory, webgpuQueue, webgpuIdle } = settings
  return {
    queue: webgpuQueue,
    ...(webgpuMemory !== undefined && { maxMemory: webgpuMemory / 1e6 }),
    ...(webgpuIdle !== undefined && { unloadAfter: webgpuIdle }),
    ...(webgpuModels !== undefined && (await readModels(webgpuModels))),
  }
}

/** The file's JSON and where it lies. Rejects with a `SettingsError`. */
async function readModels(place: string): Promise<Pick<EngineOptions, 'models' | 'modelsUrl'>> {
  const isUrl = /^https?:/.test(place)
  const modelsUrl = isUrl ? place : pathToFileURL(resolve(place)).href
  try {
    const text = isUrl ? await fetched(place) : await readFile(place, 'utf8')
    return { models: JSON.parse(text), modelsUrl }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SettingsError(`webgpuModels: ${place} can't be read: ${why}`, { cause })
  }
}

async function fetched(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  return response.text()
}
