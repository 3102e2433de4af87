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

/** What a user can do where there is no usable GPU, by the error's code. */
const REMEDIES: Record<string, string> = {
  webgpu_missing: 'Install Deno 2.1 or newer.',
  adapter_missing:
    "Install the GPU's Vulkan driver, or one that computes on the CPU: apt install mesa-vulkan-drivers",
  adapter_too_small: 'Use a local GPU server instead: --upstream URL',
}

/**
 * Starts an engine that runs models on this computer's GPU. It runs in a worker, because web-llm's
 * work would block the server's event loop. Rejects with a `SettingsError` where no GPU is suitable,
 * or where the settings are wrong.
 */
export async function startWebgpu(
  settings: Settings,
  onProgress: (progress: Progress) => void,
  script = workerScript(),
): Promise<LocalEngine> {
  const options = await optionsOf(settings)
  let worker: Worker | undefined

  /** Replaces a worker that crashed, when the next request comes. */
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
  // Started now, so that errors show at the start and not at the first request.
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
      // Without this Deno ends the whole process.
      event.preventDefault()
      onCrash()
      reject(
        new SettingsError(
          `webgpu: the engine did not start (${event.message}); use a local GPU server instead: --upstream URL`,
        ),
      )
    })
    const order: WorkerCommand = { kind: 'start', options }
    worker.postMessage(order)
  })
}

/**
 * A process that exits while the GPU driver of a worker is being unloaded crashes in the driver, and
 * no event tells when the unloading has ended. So it begins a second later, when a process that exits
 * on the failure has exited already, and another timer keeps the process alive until it has ended.
 */
function terminateLater(worker: Worker): void {
  setTimeout(() => {
    worker.terminate()
    setTimeout(() => {}, 1_000)
  }, 1_000)
}

/** The script lies beside the sources in a checkout, and beside the build in a package. */
function workerScript(): URL {
  return workerUrl('engine')
}

async function optionsOf(settings: Settings): Promise<EngineOptions> {
  const { webgpuModels, webgpuMemory, webgpuContext, webgpuQueue, webgpuIdle } = settings
  return {
    queue: webgpuQueue,
    ...(webgpuMemory !== undefined && { maxMemory: webgpuMemory / 1e6 }),
    ...(webgpuContext !== undefined && { context: webgpuContext }),
    ...(webgpuIdle !== undefined && { unloadAfter: webgpuIdle }),
    ...(webgpuModels !== undefined && (await readModels(webgpuModels))),
  }
}

/** The JSON of a file or a URL, and its URL. Rejects with a `SettingsError`. */
async function readModels(place: string): Promise<Pick<EngineOptions, 'models' | 'modelsUrl'>> {
  const isUrl = /^https?:/.test(place)
  const modelsUrl = isUrl ? place : pathToFileURL(resolve(place)).href
  try {
    const text = isUrl ? await fetchText(place) : await readFile(place, 'utf8')
    return { models: JSON.parse(text), modelsUrl }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SettingsError(
      `webgpuModels: cannot read ${place} (${why}); name a JSON file or URL with a list of models.`,
      { cause },
    )
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.text()
}
