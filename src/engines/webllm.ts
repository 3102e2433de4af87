import { closest } from '../closest.ts'
import { type ChatStream, obey, type WholeAnswer } from '../stream/chat-stream.ts'
import type { ChatRequest } from '../wire/chat.ts'
import type { EmbeddingRequest } from '../wire/embedding.ts'
import { ApiError } from '../wire/errors.ts'
import type { ChatOptions, Engine, Model, Progress } from './engine.ts'
import { orAborted } from './or-aborted.ts'
import { type Turn, Turns } from './turns.ts'
import { chunkReader } from './webllm/chunks.ts'
import { downloadSizes } from './webllm/downloads.ts'
import { checkEmbedding, toResponse } from './webllm/embedding.ts'
import { fromMlc, lostModel } from './webllm/errors.ts'
import { Generation } from './webllm/generation.ts'
import { Loader } from './webllm/loader.ts'
import type { Mlc, MlcChatRequest, MlcChunk, MlcEmbeddings, ModelRecord } from './webllm/mlc.ts'
import { EMBEDDING, modelOf } from './webllm/models.ts'
import { toMlcRequest } from './webllm/request.ts'

export type { Mlc, ModelRecord } from './webllm/mlc.ts'

type OnProgress = (progress: Progress) => void

export interface WebllmOptions {
  /** What can be loaded; what this GPU can't run is left out before. */
  records: readonly ModelRecord[]
  /** How many requests may wait; 16 by default. */
  queue?: number
  /** Milliseconds without a request after which the GPU's memory is freed; never by default. */
  unloadAfter?: number | undefined
  onProgress?: OnProgress
}

/** An engine whose model can be put on the GPU, and taken off it, without a request. */
export interface LocalEngine extends Engine {
  /** Loads a model. Rejects with an `ApiError`, or with the signal's reason. */
  load(model: string, signal: AbortSignal, onProgress?: (progress: Progress) => void): Promise<void>
  unload(): Promise<void>
  embed(request: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer>
}

/** An answer that has begun. */
interface Begun {
  source: AsyncIterator<MlcChunk, unknown>
  first: IteratorResult<MlcChunk, unknown>
}

/**
 * Models that run on this computer's GPU through web-llm: one is loaded at a time, one request is
 * answered at a time, and the others wait in line.
 */
export class Webllm implements LocalEngine {
  readonly label = 'webllm'
  readonly #mlc: Mlc
  readonly #records: readonly ModelRecord[]
  readonly #unloadAfter: number | undefined
  readonly #turns: Turns
  readonly #loader: Loader
  /** Who waits, for its turn or for what is being loaded, and for which model. */
  readonly #waiting = new Map<OnProgress, string>()
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor(mlc: Mlc, { records, queue = 16, unloadAfter, onProgress }: WebllmOptions) {
    this.#mlc = mlc
    this.#records = records
    this.#unloadAfter = unloadAfter
    this.#turns = new Turns(queue)
    mlc.setAppConfig({ model_list: [...records] })
    this.#loader = new Loader(mlc, (progress) => {
      onProgress?.(progress)
      for (const [tell, model] of this.#waiting) if (model === progress.model) tell(progress)
    })
  }

  /** The model that is on the GPU. */
  get loaded(): string | undefined {
    return this.#loader.loaded
  }

  async models(): Promise<Model[]> {
    const sizes = await downloadSizes(this.#records, this.loaded)
    const models = this.#records.map((record) =>
      modelOf(record, this.loaded, sizes.get(record.model_id)),
    )
    return models.sort((a, b) => Number(b.loaded) - Number(a.loaded))
  }

  async load(model: string, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    const { model_id } = this.#find(model)
    const waiting = this.#wait(model_id, onProgress)
    try {
      const turn = await this.#take(model_id, signal)
      await this.#loader.load(model_id, unlessShared(turn, signal)).finally(turn.end)
    } finally {
      waiting.end()
    }
  }

  async unload(): Promise<void> {
    const turn = await this.#turns.take('', new AbortController().signal)
    await this.#loader.unload().finally(turn.end)
  }

  async chat(
    request: ChatRequest,
    signal: AbortSignal,
    { onProgress }: ChatOptions = {},
  ): Promise<ChatStream> {
    const record = this.#find(request.model)
    if (record.model_type === EMBEDDING) throw noChat(record.model_id)
    const asked = toMlcRequest(request, record)
    const waiting = this.#wait(record.model_id, onProgress)
    const { turn, begun } = await this.#inTurn(asked, signal).finally(waiting.end)
    let isLost = false
    const items = new Generation({
      ...begun,
      signal,
      toChunks: chunkReader(asked.tools !== undefined),
      toError(error) {
        isLost = lostModel(error)
        return fromMlc(error, 'generate', record.model_id)
      },
      onEnd: () => {
        if (isLost) void this.#loader.unload().then(turn.end)
        else turn.end()
      },
    })
    return obey(items, { label: this.label, usage: wantsUsage(request) })
  }

  async embed(request: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer> {
    const record = this.#find(request.model)
    const model = record.model_id
    checkEmbedding(request, record)
    const turn = await this.#take(model, signal)
    // web-llm can't stop in the middle of a vector: the turn ends when it has.
    const work = this.#vectors(request.input, model, turn, signal).finally(turn.end)
    const vectors = await orAborted(work, signal)
    const json = JSON.stringify(toResponse(vectors, request, model))
    return { kind: 'whole', json, model, mended: [] }
  }

  async #vectors(
    input: EmbeddingRequest['input'],
    model: string,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<MlcEmbeddings> {
    await this.#loader.load(model, unlessShared(turn, signal))
    signal.throwIfAborted()
    try {
      return await this.#mlc.embedding({ input, model })
    } catch (error) {
      if (lostModel(error)) await this.#loader.unload()
      throw fromMlc(error, 'generate', model)
    }
  }

  /** The request's turn, and its answer once that has begun. */
  async #inTurn(asked: MlcChatRequest, signal: AbortSignal): Promise<{ turn: Turn; begun: Begun }> {
    const turn = await this.#take(asked.model, signal)
    const beginning = this.#begin(asked, turn, signal)
    const begun = await orAborted(beginning, signal).catch((error: unknown) => {
      // Whoever left need not wait until the GPU is free; the next in line does.
      void beginning.then(({ source }) => source.return?.()).then(turn.end, turn.end)
      throw error
    })
    return { turn, begun }
  }

  /** Tells of the model's loading until it ends. */
  #wait(model: string, onProgress: OnProgress = () => {}): { end: () => void } {
    const tell: OnProgress = (progress) => onProgress(progress)
    this.#waiting.set(tell, model)
    return { end: () => void this.#waiting.delete(tell) }
  }

  #find(model: string | null | undefined): ModelRecord {
    const record = this.#records.find(({ model_id }) => model_id === model)
    if (record === undefined) throw unknownModel(model ?? '', this.#records)
    return record
  }

  async #take(model: string, signal: AbortSignal): Promise<Turn> {
    const turn = await this.#turns.take(model, signal)
    clearTimeout(this.#idle)
    const end = () => {
      turn.end()
      this.#rest()
    }
    return { isShared: turn.isShared, end }
  }

  /** Nobody waits: the GPU's memory is freed if it stays so. */
  #rest(): void {
    clearTimeout(this.#idle)
    if (this.#unloadAfter === undefined || this.loaded === undefined) return
    this.#idle = setTimeout(() => {
      if (this.#turns.isFree) void this.unload()
    }, this.#unloadAfter)
  }

  /** The answer's first chunk; where the GPU was lost, the model is loaded anew once. */
  async #begin(asked: MlcChatRequest, turn: Turn, signal: AbortSignal): Promise<Begun> {
    const { model } = asked
    const loading = unlessShared(turn, signal)
    for (let isAgain = false; ; isAgain = true) {
      await this.#loader.load(model, loading)
      signal.throwIfAborted()
      try {
        // A copy: it changes what it is given.
        const answer = await this.#mlc.chatCompletion(structuredClone(asked))
        const source = answer[Symbol.asyncIterator]()
        return { source, first: await source.next() }
      } catch (error) {
        if (!lostModel(error)) throw fromMlc(error, 'generate', model)
        await this.#loader.unload()
        if (isAgain) throw fromMlc(error, 'generate', model)
      }
    }
  }
}

/** A signal that breaks loading off, unless the next in line waits for the same model. */
function unlessShared(turn: Turn, signal: AbortSignal): AbortSignal {
  const control = new AbortController()
  const leave = () => {
    if (!turn.isShared()) control.abort(signal.reason)
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  return control.signal
}

function noChat(model: string): ApiError {
  const message = `model: ${model} gives embeddings and no text; ask it at POST /v1/embeddings.`
  return new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}

function wantsUsage({ stream, stream_options }: ChatRequest): boolean {
  return stream ? Boolean(stream_options?.include_usage) : true
}

function unknownModel(model: string, records: readonly ModelRecord[]): ApiError {
  const details = { code: 'model_not_found', param: 'model' }
  if (model === '') {
    const message =
      'model: no model is loaded, so the request has to name one; GET /v1/models lists those there are.'
    return new ApiError(404, message, details)
  }
  const near = closest(
    model,
    records.map(({ model_id }) => model_id),
  )
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => JSON.stringify(id)).join(' or ')}?`
      : 'GET /v1/models lists those there are.'
  const message = `model: this GPU serves no ${JSON.stringify(model.slice(0, 80))}; ${hint}`
  return new ApiError(404, message, details)
}
