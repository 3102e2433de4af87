/**
 * A worker that runs an engine, and the messages between the worker and the page or host that
 * starts it.
 */
import { ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { Model, Progress } from '../engine.ts'
import { type Port, packError, type WireError } from '../remote/protocol.ts'
import type { ContextSetting } from './context.ts'
import { Contexts } from './contexts.ts'
import { downloadSizes } from './download-sizes.ts'
import { type DetectedGpu, findGpu } from './gpu.ts'
import { runnableModels, toModel } from './models.ts'
import type { LocalEngine, Mlc, ModelRecord } from './webllm.ts'

/** Messages from a page or host to its engine's worker. */
export type WorkerCommand =
  | { kind: 'start'; options: EngineOptions }
  /** Serves the engine over a further port; it replaces the earlier port of the same `who`. */
  | { kind: 'connect'; port: MessagePort; who: string }

export interface EngineOptions {
  /** Custom models besides web-llm's, in the form of its `model_list`, or the URL of such JSON. */
  models?: unknown
  /** The base of relative URLs in `models`. */
  modelsUrl?: string
  /** Leaves out web-llm's own list. */
  onlyOwnModels?: boolean
  /** The most memory a model may need, in megabytes. */
  maxMemory?: number
  /** Megabytes that a model with its context may take where `maxMemory` is not set. */
  memory?: number
  /** Tokens of context for all models, or by their names, in which `*` stands for anything. */
  context?: ContextSetting
  /** The most requests that may wait for the GPU. */
  queue?: number
  /** Milliseconds without a request after which the GPU's memory is freed. */
  unloadAfter?: number
}

/** Messages from the worker to the page or host that started it. */
export type WorkerEvent =
  /** `models` are those that run here, of which none is loaded. */
  | { kind: 'ready'; gpu: string; models: Model[] }
  | { kind: 'failed'; error: WireError }
  | { kind: 'progress'; progress: Progress }

/** The part of a dedicated worker's global scope used here. */
const scope = globalThis as unknown as {
  postMessage(message: WorkerEvent): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** web-llm's engine, with its built-in model list. */
export interface MadeEngine {
  mlc: Mlc
  prebuilt: readonly ModelRecord[]
}

/**
 * Makes this worker serve an engine; `make` creates it on the `start` command. What runs models is loaded when
 * the first client connects: most pages only list them.
 */
export function runEngine(make: () => Promise<MadeEngine>): void {
  let engine: Promise<() => Promise<LocalEngine>> | undefined
  scope.addEventListener('message', ({ data }) => {
    const command = data as WorkerCommand
    if (command.kind === 'start') engine ??= start(command.options, make)
    else if (command.kind === 'connect') void connect(command, engine)
  })
}

/** Stops serving a client, by its `who`. */
const stopByClient = new Map<string, () => void>()

async function connect(
  { port, who }: Extract<WorkerCommand, { kind: 'connect' }>,
  engine?: Promise<() => Promise<LocalEngine>>,
): Promise<void> {
  const made = (await (await engine)?.()) ?? refusingEngine(notStarted())
  const { serveEngine } = await import('../remote/serve-engine.ts')
  stopByClient.get(who)?.()
  stopByClient.set(who, serveEngine(port as unknown as Port, made))
}

async function start(
  options: EngineOptions,
  make: () => Promise<MadeEngine>,
): Promise<() => Promise<LocalEngine>> {
  try {
    const gpu = await findGpu()
    const { mlc, prebuilt } = await make()
    const own = await ownModels(options)
    const records = chooseModels([...own, ...(options.onlyOwnModels ? [] : prebuilt)], options, gpu)
    const sizes = await downloadSizes(records, undefined)
    const contexts = contextsOf(options, gpu)
    const models = records.map((each) =>
      toModel(each, undefined, sizes.get(each.model_id), contexts),
    )
    scope.postMessage({ kind: 'ready', gpu: gpu.name, models })
    let made: Promise<LocalEngine> | undefined
    return () => {
      made ??= engineOf(mlc, records, contexts, options).catch((error: unknown) => {
        made = undefined
        throw error
      })
      return made
    }
  } catch (error) {
    const failure = toApiError(error)
    scope.postMessage({ kind: 'failed', error: packError(failure) })
    return async () => refusingEngine(failure)
  }
}

async function engineOf(
  mlc: Mlc,
  records: readonly ModelRecord[],
  contexts: Contexts,
  { queue, unloadAfter }: EngineOptions,
): Promise<LocalEngine> {
  const { Webllm } = await import('./webllm.ts')
  return new Webllm(mlc, {
    records,
    contexts,
    unloadAfter,
    ...(queue !== undefined && { queue }),
    onProgress: (progress) => scope.postMessage({ kind: 'progress', progress }),
  })
}

function contextsOf(
  { maxMemory, memory, context }: EngineOptions,
  { maxStorageBufferBindingSize }: DetectedGpu,
): Contexts {
  return new Contexts(
    { memory: maxMemory ?? memory, maxMemory, maxStorageBufferBindingSize },
    context,
  )
}

/** The models that this GPU can run; of several with the same name, the first. */
function chooseModels(
  records: readonly ModelRecord[],
  { maxMemory }: EngineOptions,
  gpu: DetectedGpu,
): ModelRecord[] {
  const byName = new Map(records.toReversed().map((record) => [record.model_id, record]))
  return runnableModels([...byName.values()].reverse(), gpu, maxMemory)
}

/** Rejects with an `ApiError`. */
async function ownModels({ models, modelsUrl }: EngineOptions): Promise<ModelRecord[]> {
  if (models === undefined) return []
  const isUrl = typeof models === 'string' && URL.canParse(models)
  try {
    const json: unknown = isUrl ? await (await fetch(models)).json() : models
    const { readModelList } = await import('./own-models.ts')
    return readModelList(json, isUrl ? models : (modelsUrl ?? globalThis.location.href))
  } catch (error) {
    const where = isUrl ? `${models}: ` : ''
    const message = `${where}${(error as Error).message}`
    throw new ApiError(503, message, { code: 'models_invalid' })
  }
}

/** An engine that rejects every call with the reason why there is none. */
function refusingEngine(error: ApiError): LocalEngine {
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
  return new ApiError(
    503,
    'The engine was not started. Send the worker a start command before connecting to it.',
    { code: 'engine_missing' },
  )
}
