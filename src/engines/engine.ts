import type { ChatStream, NativeStream, WholeAnswer } from '../stream/chat-stream.ts'
import type { TextStream } from '../stream/text-stream.ts'
import type { ChatRequest } from '../wire/chat/request.ts'
import type { TextRequest } from '../wire/completions/request.ts'
import type { EmbeddingRequest } from '../wire/embeddings/request.ts'
import type { NativeApi, NativeCall, TokenCountCall } from '../wire/native.ts'

/** One entry of `GET /v1/models`. */
export interface Model {
  id: string
  object: 'model'
  /** Unix time in seconds. */
  created: number
  owned_by: string
  /** False for a model that would have to be loaded first: none is chosen that nobody named. */
  loaded?: boolean
  [field: string]: unknown
}

/** How far a model has been loaded. */
export interface Progress {
  model: string
  /** From 0 to 1. */
  done: number
  /** What is being done, in words. */
  text: string
}

/** What any call of an engine may carry. */
export interface CallOptions {
  /** The sluices that the request has passed, this one last: what asks another server tells it. */
  hops?: readonly string[] | undefined
}

export interface ChatOptions extends CallOptions {
  /** Told of whatever has to be loaded before the engine can answer. */
  onProgress?: ((progress: Progress) => void) | undefined
  /** Whether a stream must come as chunks, to be told in another API than it came in. */
  asChunks?: boolean
  /**
   * Fields of the request that the client did not ask for in these words: an upstream that refuses
   * the request is asked again without them.
   */
  optionalFields?: readonly string[]
}

/** Where tokens come from. */
export interface Engine {
  /** How people know it, in logs and messages: `static`, `ollama`. Never an address. */
  readonly label: string
  /** How many requests it can work on at once; what is more waits in line. Any number by default. */
  readonly maxConcurrency?: number | undefined
  /**
   * Whether it is a server of its own: one that failed may be back the next time it is asked, and
   * another with the same model may stand in for it. What runs beside the handler answers itself.
   */
  readonly isServer?: boolean
  /**
   * Whether another engine with the same model may stand in where it fails: it may for a server, and
   * for what runs beside the handler only where this says so.
   */
  readonly hasStandIns?: boolean
  /** Whether it was found rather than named: that it is gone says that it restarts or was stopped. */
  readonly isDiscovered?: boolean | undefined
  /** False for a model it may not be asked for, whatever it lists. */
  takes?(model: string): boolean
  /** What it can serve now. Rejects with an `ApiError` when it can't be asked. */
  models(signal: AbortSignal, options?: CallOptions): Promise<Model[]>
  /**
   * Resolves once the engine has answered; rejects with an `ApiError`. With `stream: true` the
   * answer is never whole. Aborting the signal stops the work at its source.
   */
  chat(request: ChatRequest, signal: AbortSignal, options?: ChatOptions): Promise<ChatStream>
  /** The APIs beside chat whose requests it takes as they are, by `forward`. None by default. */
  readonly nativeApis?: readonly NativeApi[] | undefined
  /** Like `chat`, in such an API: a stream comes as frames, any other answer whole. */
  forward?(call: NativeCall, signal: AbortSignal, options?: CallOptions): Promise<NativeStream>
  /**
   * How many tokens a prompt has for a model; undefined where the engine can't tell. Rejects with an
   * `ApiError`.
   */
  countTokens?(
    prompt: TokenCountCall,
    model: string | undefined,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<number | undefined>
  /** The same for a text completion. Not every engine can. */
  complete?(
    request: TextRequest,
    signal: AbortSignal,
    options?: Pick<ChatOptions, 'onProgress' | 'hops'>,
  ): Promise<TextStream>
  /** The JSON of an `EmbeddingResponse`; rejects with an `ApiError`. Not every engine can. */
  embed?(
    request: EmbeddingRequest,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<WholeAnswer>
}
