/** A worker that runs an engine, and what it and whoever started it say to each other. */

import { ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { Progress } from '../engine.ts'
import { type Port, packError, type WireError } from '../remote/protocol.ts'
import { serveEngine } from '../remote/serve-engine.ts'
import { type FoundGpu, findGpu } from './gpu.ts'
import { readModelList, runnable } from './models.ts'
import { type LocalEngine, type Mlc, type ModelRecord, Webllm } from './webllm.ts'

/** What a page or a host tells its engine's worker. */
export type EngineOrder =
  | { kind: 'start'; options: EngineOptions }
  /** Serves the engine over one more port; who connects anew leaves its former port. */
  | { kind: 'connect'; port: MessagePort; who: string }

export interface EngineOptions {
  /** Models of one's own beside web-llm's: its `model_list` form, or the URL of such JSON. */
  models?: unknown
  /** What relative URLs in `models` are relative to. */
  modelsUrl?: string
  /** Leaves web-llm's own list out. */
  onlyOwnModels?: boolean
  /** Megabytes a model may need. */
  maxMemory?: number
  /** How many requests may wait. */
  queue?: number
  /** Milliseconds without a request after which the GPU's memory is freed. */
  unloadAfter?: number
}

/** What the worker tells whoever started it. */
export type EngineNews =
  | { kind: 'ready'; gpu: string; models: number }
  | { kind: 'failed'; error: WireError }
  | { kind: 'progress'; progress: Progress }

/** The global scope of a dedicated worker, as far as it is used here. */
const scope = globalThis as unknown as {
  postMessage(message: EngineNews): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** web-llm's engine, and the models it knows of itself. */
export interface MadeEngine {
  mlc: Mlc
  prebuilt: readonly ModelRecord[]
}

/** Makes this worker serve an engine, which is made when it is started. */
export function runEngine(make: () => Promise<MadeEngine>): void {
  let engine: Promise<LocalEngine> | undefined
  scope.addEventListener('message', ({ data }) => {
    const order = data as EngineOrder
    if (order.kind === 'start') engine ??= start(order.options, make)
    else if (order.kind === 'connect') void connect(order, engine)
  })
}

/** What stops serving those who are connected. */
const connected = new Map<string, () => void>()

async function connect(
  { port, who }: Extract<EngineOrder, { kind: 'connect' }>,
  engine?: Promise<LocalEngine>,
): Promise<void> {
  const made = (await engine) ?? refusing(notStarted())
  connected.get(who)?.()
  connected.set(who, serveEngine(port as unknown as Port, made))
}

async function start(
  options: EngineOptions,
  make: () => Promise<MadeEngine>,
): Promise<LocalEngine> {
  try {
    const gpu = await findGpu()
    const { mlc, prebuilt } = await make()
    const own = await ownModels(options)
    const records = choose([...own, ...(options.onlyOwnModels ? [] : prebuilt)], options, gpu)
    const { queue, unloadAfter } = options
    const made = new Webllm(mlc, {
      records,
      unloadAfter,
      ...(queue !== undefined && { queue }),
      onProgress: (progress) => scope.postMessage({ kind: 'progress', progress }),
    })
    scope.postMessage({ kind: 'ready', gpu: gpu.name, models: records.length })
    return made
  } catch (error) {
    const failure = toApiError(error)
    scope.postMessage({ kind: 'failed', error: packError(failure) })
    return refusing(failure)
  }
}

/** Those that run here; of two with the same name the first. */
function choose(
  records: readonly ModelRecord[],
  { maxMemory }: EngineOptions,
  gpu: FoundGpu,
): ModelRecord[] {
  const byName = new Map(records.toReversed().map((record) => [record.model_id, record]))
  return runnable([...byName.values()].reverse(), gpu, maxMemory)
}

/** Rejects with an `ApiError`. */
async function ownModels({ models, modelsUrl }: EngineOptions): Promise<ModelRecord[]> {
  if (models === undefined) return []
  const isUrl = typeof models === 'string' && URL.canParse(models)
  try {
    const json: unknown = isUrl ? await (await fetch(models)).json() : models
    return readModelList(json, isUrl ? models : (modelsUrl ?? globalThis.location.href))
  } catch (error) {
    const where = isUrl ? `${models}: ` : ''
    const message = `${where}${(error as Error).message}`
    throw new ApiError(503, message, { code: 'models_invalid' })
  }
}

/** Says to everyone why there is no engine. */
function refusing(error: ApiError): LocalEngine {
  const refuse = () => Promise.reject(error)
  return {
    label: 'webllm',
    models: refuse,
    chat: refuse,
    complete: refuse,
    embed: refuse,
    load: refuse,
    unload: refuse,
  }
}

function notStarted(): ApiError {
  return new ApiError(503, 'The engine was not started.', { code: 'engine_missing' })
}
