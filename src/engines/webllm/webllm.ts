import { type ChatStream, enforceChatContract, type WholeAnswer } from '../../stream/chat-stream.ts'
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import { abortable } from '../../util/abortable.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk, TextRequest } from '../../wire/completions/request.ts'
import { type EmbeddingRequest, requireEmbedding } from '../../wire/embeddings/request.ts'
import type { CallOptions, ChatOptions, Engine, Model, Progress } from '../engine.ts'
import { toMlcRequest } from './chat-request.ts'
import { chunkReader } from './chunks.ts'
import { Contexts } from './contexts.ts'
import { downloadSizes } from './download-sizes.ts'
import { requireEmbeddingModel, toEmbeddingResponse } from './embedding.ts'
import {
  type FormatField,
  fromMlc,
  isOutOfMemory,
  needsReload,
  type PromptField,
} from './errors.ts'
import { findGenerator, findRecord } from './find-model.ts'
import { WebllmGeneration } from './generation.ts'
import { GpuQueue, type GpuSlot } from './gpu-queue.ts'
import { loadSignal } from './load-signal.ts'
import { Loader } from './loader.ts'
import type { Mlc, MlcChunk, MlcEmbeddings, ModelRecord } from './mlc-types.ts'
import { toModel } from './models.ts'
import { textReader, toMlcTextRequests } from './text-completion.ts'

export type { Mlc, ModelRecord } from './mlc-types.ts'

type OnProgress = (progress: Progress) => void

export interface WebllmOptions {
  /** The models that can be loaded, without those that this GPU can't run. */
  records: readonly ModelRecord[]
  /** The lengths of their contexts; those that web-llm states by default. */
  contexts?: Contexts
  /** The most requests that may wait for the GPU; 16 by default. */
  queue?: number
  /** Milliseconds without a request after which the GPU's memory is freed; never by default. */
  unloadAfter?: number | undefined
  onProgress?: OnProgress
}

/** An engine whose model can be loaded and unloaded independently of requests. */
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

/** A generation, to be started once the GPU is free and the model is loaded. */
interface GenerationJob<Raw> {
  record: ModelRecord
  call: CallOptions
  promptField: PromptField
  /** The field that the grammar of the answer comes from. */
  formatField?: FormatField
  start(): Promise<AsyncIterator<Raw, unknown>>
}

/** A generation with its first item. */
interface StartedGeneration<Raw> {
  source: AsyncIterator<Raw, unknown>
  first: IteratorResult<Raw, unknown>
}

/**
 * Models on this computer's GPU through web-llm. One model is loaded and one request answered at a
 * time; other requests wait in a queue.
 */
export class Webllm implements LocalEngine {
  readonly label = 'webllm'
  readonly #mlc: Mlc
  readonly #records: readonly ModelRecord[]
  readonly #unloadAfter: number | undefined
  readonly #queue: GpuQueue
  readonly #loader: Loader
  readonly #contexts: Contexts
  /** The progress callbacks of waiting requests, with the model each waits for. */
  readonly #progressListeners = new Map<OnProgress, string>()
  #unloadTimer: ReturnType<typeof setTimeout> | undefined

  constructor(mlc: Mlc, { records, contexts, queue = 16, unloadAfter, onProgress }: WebllmOptions) {
    this.#mlc = mlc
    this.#records = records
    this.#unloadAfter = unloadAfter
    this.#queue = new GpuQueue(queue)
    mlc.setAppConfig({ model_list: [...records] })
    this.#contexts = contexts ?? new Contexts({ memory: 0, maxStorageBufferBindingSize: 2 ** 27 })
    this.#loader = new Loader(mlc, this.#contexts, (progress) => {
      onProgress?.(progress)
      for (const [tell, model] of this.#progressListeners)
        if (model === progress.model) tell(progress)
    })
  }

  /** The model that is on the GPU. */
  get loaded(): string | undefined {
    return this.#loader.loaded
  }

  async models(): Promise<Model[]> {
    const sizes = await downloadSizes(this.#records, this.loaded)
    const models = this.#records.map((record) =>
      toModel(record, this.loaded, sizes.get(record.model_id), this.#contexts),
    )
    return models.sort((a, b) => Number(b.loaded) - Number(a.loaded))
  }

  async load(model: string, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    const record = findRecord(this.#records, model)
    const { model_id } = record
    const waiting = this.#listenForProgress(model_id, onProgress)
    try {
      const slot = await this.#acquireSlot(model_id, signal)
      await this.#loader.load(record, loadSignal(slot, signal)).finally(slot.release)
    } finally {
      waiting.end()
    }
  }

  async unload(): Promise<void> {
    const slot = await this.#queue.acquire('', new AbortController().signal)
    await this.#loader.unload().finally(slot.release)
  }

  async chat(
    request: ChatRequest,
    signal: AbortSignal,
    { onProgress, ...call }: ChatOptions = {},
  ): Promise<ChatStream> {
    const record = findGenerator(this.#records, request.model)
    const { request: asked, calls } = toMlcRequest(request, record)
    const job: GenerationJob<MlcChunk> = {
      record,
      call,
      promptField: 'messages',
      formatField: calls ? 'tools' : 'response_format',
      // A copy, since web-llm changes its request.
      start: async () =>
        (await this.#mlc.chatCompletion(structuredClone(asked)))[Symbol.asyncIterator](),
    }
    const items = await this.#generate(job, chunkReader(calls), signal, onProgress)
    const options = { label: this.label, usage: wantsUsage(request), keepsBack: Boolean(calls) }
    return enforceChatContract(items, options)
  }

  async complete(
    request: TextRequest,
    signal: AbortSignal,
    { onProgress, ...call }: CallOptions & Pick<ChatOptions, 'onProgress'> = {},
  ): Promise<TextStream> {
    const record = findGenerator(this.#records, request.model)
    const asked = toMlcTextRequests(request, record)
    const job: GenerationJob<TextChunk> = {
      record,
      call,
      promptField: 'prompt',
      start: async () => textReader(this.#mlc, asked, request.echo === true),
    }
    const items = await this.#generate(job, (chunk) => [chunk], signal, onProgress)
    return enforceTextContract(items, request, this.label)
  }

  /**
   * Waits for the GPU and starts a generation. Rejects with an `ApiError`, or the signal's reason.
   */
  async #generate<Raw, T>(
    job: GenerationJob<Raw>,
    toChunks: (raw: Raw) => T[],
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
  ): Promise<WebllmGeneration<Raw, T>> {
    const waiting = this.#listenForProgress(job.record.model_id, onProgress)
    const { slot, begun } = await this.#startInSlot(job, signal).finally(waiting.end)
    let isLost = false
    return new WebllmGeneration({
      ...begun,
      signal,
      toChunks,
      toError(error) {
        isLost = needsReload(error)
        return fromMlc(error, 'generate', job.record.model_id, job.promptField, job.formatField)
      },
      onEnd: () => {
        if (isLost) void this.#loader.unload().then(slot.release)
        else slot.release()
      },
    })
  }

  async embed(
    asked: EmbeddingRequest,
    signal: AbortSignal,
    call: CallOptions = {},
  ): Promise<WholeAnswer> {
    const request = requireEmbedding(asked)
    const record = findRecord(this.#records, request.model)
    const model = record.model_id
    requireEmbeddingModel(request, record)
    const slot = await this.#acquireSlot(model, signal, call)
    // web-llm can't abort an embedding: the slot is released when it is done, even after an abort.
    const work = this.#computeEmbeddings(request.input, record, slot, signal).finally(slot.release)
    const vectors = await abortable(work, signal)
    const json = JSON.stringify(toEmbeddingResponse(vectors, request, model))
    const { prompt_tokens, total_tokens } = vectors.usage
    const usage = { prompt_tokens, completion_tokens: 0, total_tokens }
    return { kind: 'whole', json, model, repaired: [], usage }
  }

  async #computeEmbeddings(
    input: EmbeddingRequest['input'],
    record: ModelRecord,
    slot: GpuSlot,
    signal: AbortSignal,
  ): Promise<MlcEmbeddings> {
    const model = record.model_id
    await this.#loader.load(record, loadSignal(slot, signal))
    signal.throwIfAborted()
    try {
      return await this.#mlc.embedding({ input, model })
    } catch (error) {
      if (needsReload(error)) await this.#loader.unload()
      throw fromMlc(error, 'generate', model)
    }
  }

  /** Waits for the GPU, then for the first item of the answer. */
  async #startInSlot<Raw>(
    job: GenerationJob<Raw>,
    signal: AbortSignal,
  ): Promise<{ slot: GpuSlot; begun: StartedGeneration<Raw> }> {
    const slot = await this.#acquireSlot(job.record.model_id, signal, job.call)
    const beginning = this.#startGeneration(job, slot, signal)
    const begun = await abortable(beginning, signal).catch((error: unknown) => {
      // The aborted request rejects at once; the slot is released when the GPU is free again.
      void beginning.then(({ source }) => source.return?.()).then(slot.release, slot.release)
      throw error
    })
    return { slot, begun }
  }

  /** Reports the progress of loading a model until `end` is called. */
  #listenForProgress(model: string, onProgress: OnProgress = () => {}): { end: () => void } {
    const tell: OnProgress = (progress) => onProgress(progress)
    this.#progressListeners.set(tell, model)
    return { end: () => void this.#progressListeners.delete(tell) }
  }

  async #acquireSlot(model: string, signal: AbortSignal, call?: CallOptions): Promise<GpuSlot> {
    const slot = await this.#queue.acquire(model, signal, call)
    clearTimeout(this.#unloadTimer)
    const release = () => {
      slot.release()
      this.#scheduleUnload()
    }
    return { isNextForSameModel: slot.isNextForSameModel, release }
  }

  /** Frees the GPU's memory after a time without requests. */
  #scheduleUnload(): void {
    clearTimeout(this.#unloadTimer)
    if (this.#unloadAfter === undefined || this.loaded === undefined) return
    this.#unloadTimer = setTimeout(() => {
      if (this.#queue.isFree) void this.unload()
    }, this.#unloadAfter)
  }

  /**
   * Starts a generation and reads its first item. Where the GPU was lost, reloads the model once.
   */
  async #startGeneration<Raw>(
    job: GenerationJob<Raw>,
    slot: GpuSlot,
    signal: AbortSignal,
  ): Promise<StartedGeneration<Raw>> {
    const { record, promptField } = job
    const model = record.model_id
    const loading = loadSignal(slot, signal)
    for (let isRetry = false; ; isRetry = true) {
      await this.#loader.load(record, loading)
      signal.throwIfAborted()
      try {
        const source = await job.start()
        return { source, first: await source.next() }
      } catch (error) {
        if (!needsReload(error))
          throw fromMlc(error, 'generate', model, promptField, job.formatField)
        await this.#loader.unload()
        // A driver may find only now that there is no memory for what was loaded.
        if (isOutOfMemory(error)) this.#contexts.reduce(record)
        if (isRetry) throw fromMlc(error, 'generate', model, promptField, job.formatField)
      }
    }
  }
}

function wantsUsage({ stream, stream_options }: ChatRequest): boolean {
  return stream ? Boolean(stream_options?.include_usage) : true
}
