/**
 * Where each kind of server tells the sizes of its models' contexts. None of these requests loads a
 * model or keeps one loaded: llama-swap, whose requests to a model do both, is not asked.
 */
import { isObject } from '../../util/object.ts'
import { type ContextSize, firstSize } from '../../wire/models/context-size.ts'
import type { Model } from '../engine.ts'
import type { ServerKind } from './server-kind.ts'

/** Sizes by the server's own names of its models. */
export type Sizes = ReadonlyMap<string, ContextSize>

/**
 * Sends a request, with POST where it has a body. The path is below the API's root, or below the
 * server's where it begins with `..`. Resolves with the JSON of the answer, or with undefined if there
 * is none.
 */
export type AskServer = (path: string, body?: object) => Promise<unknown>

export type SizeReader = (models: readonly Model[], ask: AskServer) => Promise<Sizes>

/** The most models that are asked for one by one, for one list; the others follow with the next ones. */
const MOST_AT_ONCE = 32
/** How many of these requests run at the same time. */
const PARALLEL = 4

/** The reader for a kind of server. Ollama's remembers what does not change. */
export function readerOf(kind: ServerKind): SizeReader {
  if (kind === 'ollama') return ollamaReader()
  return READERS[kind] ?? (async () => new Map())
}

const READERS: Partial<Record<ServerKind, SizeReader>> = {
  koboldcpp: (models, ask) => ofOnly(models, ask('../api/extra/true_max_context_length'), 'value'),
  'llama-server': llamaServer,
  'lm-studio': lmStudio,
  sglang: sglang,
  tabbyapi: tabby,
}

/** A server with one model, which tells the length at one path. */
async function ofOnly(
  [model]: readonly Model[],
  asking: Promise<unknown>,
  field: string,
): Promise<Sizes> {
  const size = running(fieldsOf(await asking)[field])
  return new Map(model && size ? [[model.id, size]] : [])
}

/**
 * llama-server lists `meta.n_ctx` since 2026; before, the length of a slot was only in `/props`. A
 * router answers `/props` for a model, which `autoload=false` keeps it from loading.
 */
async function llamaServer(models: readonly Model[], ask: AskServer): Promise<Sizes> {
  const isRouter = models.some(({ status }) => isObject(status))
  const silent = models.filter((model) => !hasSlotLength(model) && (!isRouter || isLoaded(model)))
  const sizes = await forEach(silent.slice(0, MOST_AT_ONCE), async ({ id }) => {
    const query = isRouter ? `?model=${encodeURIComponent(id)}&autoload=false` : ''
    const { default_generation_settings: settings } = fieldsOf(await ask(`../props${query}`))
    return running(fieldsOf(settings).n_ctx)
  })
  return sizes
}

function hasSlotLength({ meta }: Model): boolean {
  return firstSize(fieldsOf(meta).n_ctx) !== undefined
}

function isLoaded({ status }: Model): boolean {
  return fieldsOf(status).value === 'loaded'
}

/** LM Studio has all models at once in a list of its own. */
async function lmStudio(_: readonly Model[], ask: AskServer): Promise<Sizes> {
  const listed = listOf(fieldsOf(await ask('../api/v0/models')).data)
  const sizes = listed.map(({ id, loaded_context_length, max_context_length }) => {
    const size = { ...running(loaded_context_length), ...trained(max_context_length) }
    return [`${id}`, size] as const
  })
  return new Map(sizes.filter(([, size]) => Object.keys(size).length > 0))
}

/** SGLang lists `max_model_len` since 2025. `max_req_input_len` also counts the memory of its cache. */
async function sglang(models: readonly Model[], ask: AskServer): Promise<Sizes> {
  const silent = models.filter(({ max_model_len }) => firstSize(max_model_len) === undefined)
  if (silent.length === 0) return new Map()
  const { context_length, max_req_input_len } = fieldsOf(await ask('../get_server_info'))
  const input = firstSize(max_req_input_len)
  const size = { ...running(context_length), ...(input && { max_input_tokens: input }) }
  return new Map(Object.keys(size).length > 0 ? silent.map(({ id }) => [id, size]) : [])
}

/** TabbyAPI tells it of the model that is loaded. */
async function tabby(_: readonly Model[], ask: AskServer): Promise<Sizes> {
  const { id, parameters } = fieldsOf(await ask('/model'))
  const size = running(fieldsOf(parameters).max_seq_len)
  return new Map(typeof id === 'string' && size ? [[id, size]] : [])
}

/** What Ollama says of a model that does not change until the model does. */
interface Shown {
  /** What the model was trained with. */
  trained: number | undefined
  /** `num_ctx` of its Modelfile. */
  stated: number | undefined
}

/**
 * Ollama chooses the length when it loads a model: `num_ctx` of its Modelfile, the server's setting, or
 * 4,096 and more by the GPU's memory. The server's setting is in no answer, so for a model that is not
 * loaded the length it ran with last is used.
 */
function ollamaReader(): SizeReader {
  const shown = new Map<string, Shown>()
  const ran = new Map<string, number>()
  return async (models, ask) => {
    const keys = new Set(models.map(keyOf))
    for (const remembered of [shown, ran]) {
      for (const key of remembered.keys()) if (!keys.has(key)) remembered.delete(key)
    }
    const asked = models.filter((model) => !shown.has(keyOf(model))).slice(0, MOST_AT_ONCE)
    const [loaded] = await Promise.all([
      loadedByOllama(ask),
      forEach(asked, async (model) => {
        const answer = await ask('../api/show', { model: model.id })
        if (isObject(answer)) shown.set(keyOf(model), readShown(answer))
        return undefined
      }),
    ])
    const sizes = new Map<string, ContextSize>()
    for (const model of models) {
      const key = keyOf(model)
      const now = loaded.get(model.id)
      if (now !== undefined) ran.set(key, now)
      const size = sizeInOllama(shown.get(key), now, ran.get(key))
      if (Object.keys(size).length > 0) sizes.set(model.id, size)
    }
    return sizes
  }
}

/** A model that is pulled or created anew under the same name has another time. */
function keyOf({ id, created }: Model): string {
  return `${created} ${id}`
}

async function loadedByOllama(ask: AskServer): Promise<ReadonlyMap<string, number>> {
  const loaded = new Map<string, number>()
  for (const { name, context_length } of listOf(fieldsOf(await ask('../api/ps')).models)) {
    const size = firstSize(context_length)
    if (size !== undefined) loaded.set(`${name}`, size)
  }
  return loaded
}

function readShown({ model_info, parameters }: Record<string, unknown>): Shown {
  const info = fieldsOf(model_info)
  // Usually `llama.context_length`; a model with an image encoder also has a `context_length` of that encoder.
  const named = info[`${info['general.architecture']}.context_length`]
  const others = Object.entries(info).filter(([name]) => /^[\w-]+\.context_length$/.test(name))
  const [, stated] = /^num_ctx\s+(\d+)\s*$/m.exec(`${parameters ?? ''}`) ?? []
  return {
    trained: firstSize(named, ...others.map(([, value]) => value)),
    stated: stated === undefined ? undefined : firstSize(Number(stated)),
  }
}

function sizeInOllama(
  { trained: most, stated }: Partial<Shown> = {},
  now: number | undefined,
  last: number | undefined,
): ContextSize {
  const limited = stated !== undefined && most !== undefined ? Math.min(stated, most) : stated
  const usable = now ?? limited ?? last
  return {
    ...(usable !== undefined && { context_length: usable }),
    ...running(now),
    ...trained(most),
  }
}

function running(value: unknown): ContextSize | undefined {
  const size = firstSize(value)
  return size === undefined ? undefined : { loaded_context_length: size }
}

function trained(value: unknown): ContextSize | undefined {
  const size = firstSize(value)
  return size === undefined ? undefined : { max_context_length: size }
}

/** Asks for models one by one, a few at a time. */
async function forEach(
  models: readonly Model[],
  sizeOf: (model: Model) => Promise<ContextSize | undefined>,
): Promise<Sizes> {
  const sizes = new Map<string, ContextSize>()
  const waiting = [...models]
  const work = async () => {
    for (let model = waiting.shift(); model !== undefined; model = waiting.shift()) {
      const size = await sizeOf(model)
      if (size !== undefined) sizes.set(model.id, size)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return sizes
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {}
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
