import { type ChatStream, enforceChatContract, type WholeAnswer } from '../../stream/chat-stream.ts'
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import { abortable } from '../../util/abortable.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk, TextRequest } from '../../wire/completions/request.ts'
import { type EmbeddingRequest, requireEmbedding } from '../../wire/embeddings/request.ts'
import type { ChatOptions, Engine, Model, Progress } from '../engine.ts'
import { toMlcRequest } from './chat-request.ts'
import { chunkReader } from './chunks.ts'
import { downloadSizes } from './download-sizes.ts'
import { checkEmbedding, toResponse } from './embedding.ts'
import { fromMlc, lostModel, type Subject } from './errors.ts'
import { findGenerator, findRecord } from './find-model.ts'
import { WebllmGeneration } from './generation.ts'
import { type Turn, Turns } from './gpu-queue.ts'
import { Loader } from './loader.ts'
import type { Mlc, MlcChunk, MlcEmbeddings, ModelRecord } from './mlc-types.ts'
import { modelOf } from './models.ts'
import { textReader, toMlcTexts } from './text-completion.ts'

export type { Mlc, ModelRecord } from './mlc-types.ts'

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
  complete(
    request: TextRequest,
    signal: AbortSignal,
    options?: Pick<ChatOptions, 'onProgress'>,
  ): Promise<TextStream>
  embed(request: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer>
}

/** Something to generate, once it is its turn and the model is loaded. */
interface Job<Raw> {
  model: string
  subject: Subject
  start(): Promise<AsyncIterator<Raw, unknown>>
}

/** An answer that has begun. */
interface Begun<Raw> {
  source: AsyncIterator<Raw, unknown>
  first: IteratorResult<Raw, unknown>
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
    const { model_id } = findRecord(this.#records, model)
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
    const record = findGenerator(this.#records, request.model)
    const asked = toMlcRequest(request, record)
    const job: Job<MlcChunk> = {
      model: record.model_id,
      subject: 'messages',
      // A copy: it changes what it is given.
      start: async () =>
        (await this.#mlc.chatCompletion(structuredClone(asked)))[Symbol.asyncIterator](),
    }
    const items = await this.#generate(
      job,
      chunkReader(asked.tools !== undefined),
      signal,
      onProgress,
    )
    return enforceChatContract(items, { label: this.label, usage: wantsUsage(request) })
  }

  async complete(
    request: TextRequest,
    signal: AbortSignal,
    { onProgress }: Pick<ChatOptions, 'onProgress'> = {},
  ): Promise<TextStream> {
    const record = findGenerator(this.#records, request.model)
    const asked = toMlcTexts(request, record)
    const job: Job<TextChunk> = {
      model: record.model_id,
      subject: 'prompt',
      start: async () => textReader(this.#mlc, asked, request.echo === true),
    }
    const items = await this.#generate(job, (chunk) => [chunk], signal, onProgress)
    return enforceTextContract(items, request, this.label)
  }

  /** What a job makes, once it has begun. Rejects with an `ApiError`, or with the signal's reason. */
  async #generate<Raw, T>(
    job: Job<Raw>,
    toChunks: (raw: Raw) => T[],
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
  ): Promise<WebllmGeneration<Raw, T>> {
    const waiting = this.#wait(job.model, onProgress)
    const { turn, begun } = await this.#inTurn(job, signal).finally(waiting.end)
    let isLost = false
    return new WebllmGeneration({
      ...begun,
      signal,
      toChunks,
      toError(error) {
        isLost = lostModel(error)
        return fromMlc(error, 'generate', job.model, job.subject)
      },
      onEnd: () => {
        if (isLost) void this.#loader.unload().then(turn.end)
        else turn.end()
      },
    })
  }

  async embed(asked: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer> {
    const request = requireEmbedding(asked)
    const record = findRecord(this.#records, request.model)
    const model = record.model_id
    checkEmbedding(request, record)
    const turn = await this.#take(model, signal)
    // web-llm can't stop in the middle of a vector: the turn ends when it has.
    const work = this.#vectors(request.input, model, turn, signal).finally(turn.end)
    const vectors = await abortable(work, signal)
    const json = JSON.stringify(toResponse(vectors, request, model))
    const { prompt_tokens, total_tokens } = vectors.usage
    const usage = { prompt_tokens, completion_tokens: 0, total_tokens }
    return { kind: 'whole', json, model, repaired: [], usage }
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
  async #inTurn<Raw>(
    job: Job<Raw>,
    signal: AbortSignal,
  ): Promise<{ turn: Turn; begun: Begun<Raw> }> {
    const turn = await this.#take(job.model, signal)
    const beginning = this.#begin(job, turn, signal)
    const begun = await abortable(beginning, signal).catch((error: unknown) => {
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
  async #begin<Raw>(job: Job<Raw>, turn: Turn, signal: AbortSignal): Promise<Begun<Raw>> {
    const { model, subject } = job
    const loading = unlessShared(turn, signal)
    for (let isAgain = false; ; isAgain = true) {
      await this.#loader.load(model, loading)
      signal.throwIfAborted()
      try {
        const source = await job.start()
        return { source, first: await source.next() }
      } catch (error) {
        if (!lostModel(error)) throw fromMlc(error, 'generate', model, subject)
        await this.#loader.unload()
        if (isAgain) throw fromMlc(error, 'generate', model, subject)
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

function wantsUsage({ stream, stream_options }: ChatRequest): boolean {
  return stream ? Boolean(stream_options?.include_usage) : true
}
