import type { ChatStream, NativeStream, WholeAnswer } from '../stream/chat-stream.ts'
import type { Tapped } from '../stream/observer.ts'
import type { PassedAnswer } from '../stream/passed-answer.ts'
import type { TextStream } from '../stream/text-stream.ts'
import type { ChatRequest } from '../wire/chat/request.ts'
import type { TextRequest } from '../wire/completions/request.ts'
import type { StreamIdentity } from '../wire/contract/chat.ts'
import type { EmbeddingRequest } from '../wire/embeddings/request.ts'
import type { TraceHeaders } from '../wire/headers/trace-context.ts'
import type { WriteInSteps } from '../wire/json/sourced.ts'
import type { NativeApi, NativeCall, TokenCountCall } from '../wire/native.ts'
import type { OllamaEmbedOptions } from '../wire/ollama/embed.ts'

/** One entry of `GET /v1/models`. */
export interface Model {
  id: string
  object: 'model'
  /** Unix time in seconds. */
  created: number
  owned_by: string
  /**
   * False for a model that would have to be loaded first: it is used only if a request names it.
   */
  loaded?: boolean
  [field: string]: unknown
}

/** The progress of loading a model. */
export interface Progress {
  model: string
  /** From 0 to 1. */
  done: number
  /** The current step, as a text for people. */
  text: string
}

/** The same where it may not be known how much there is to do. */
export type LoadProgress = Omit<Progress, 'done'> & Partial<Pick<Progress, 'done'>>

/**
 * What a server says of a model that a request waits for.
 * - `unknown`: it has not answered yet, or cannot be reached.
 * - `loaded`: it can answer.
 * - `loading`: it is being loaded; `done` from 0 to 1 and the `part` of the model that this is of, where
 *   the server says.
 * - `waiting`: it has to be loaded first. `unloading`: the models that are unloaded for it.
 *   `loadsOther`: the server is loading some model, and says no more.
 * - `failed`: loading it failed. `exitCode`: of its process.
 */
export type LoadState =
  | { kind: 'unknown' | 'loaded' }
  | { kind: 'loading'; done?: number | undefined; part?: string | undefined }
  | { kind: 'waiting'; unloading: readonly string[]; loadsOther: boolean }
  | { kind: 'failed'; exitCode?: number | undefined }

/** Options of every call of an engine. */
export interface CallOptions {
  /**
   * The hop list: ids of the sluices that the request has passed, this one last. Sent to upstreams.
   */
  hops?: readonly string[] | undefined
  /** The trace that the request belongs to. Sent to upstreams. */
  trace?: TraceHeaders | undefined
  /**
   * The name of the client's key, for an engine with a queue of its own; empty where clients are not
   * distinguished.
   */
  caller?: string | undefined
  /** Whether no client waits for the answer: such requests come last in an engine's own queue. */
  isBackground?: boolean | undefined
  /**
   * Called while the request waits for the engine's server to be started, and with undefined when it
   * does no longer. The engine limits that time itself, so that no other timeout applies meanwhile.
   */
  onStart?: ((progress: LoadProgress | undefined) => void) | undefined
  /** Who sees the bytes that are exchanged with a server; nobody does where it is left out. */
  tapped?: Tapped | undefined
  /** Writes a request of megabytes in steps, between which other work may run. */
  inSteps?: WriteInSteps | undefined
}

export interface ChatOptions extends CallOptions {
  /** Called while the engine loads a model before it can answer. */
  onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Whether a stream must come as parsed chunks, since it is translated into another API. */
  asChunks?: boolean
  /**
   * Fields that sluice added or translated: an upstream that refuses the request gets it again
   * without them.
   */
  optionalFields?: readonly string[]
  /**
   * The identity that the stream has for its client, as soon as anything was sent before the answer: an
   * upstream's frames, which are forwarded as they are, have to bear it.
   */
  identity?: (() => StreamIdentity | undefined) | undefined
}

/** A request that is forwarded as it came, to a server that understands it. */
export interface PassCall {
  method: 'DELETE' | 'GET' | 'HEAD' | 'POST'
  /**
   * Where it is sent, below the API's root, or below the server's root where it begins with `..`: the
   * first of these that the server has. `model`: the server's own name of the model, for a query.
   */
  paths(model: string | undefined): readonly string[]
  /** Whether a path names a file: that the server lacks it says nothing of its routes. */
  namesFile?: boolean
  /** The path that the client asked for, for messages. */
  shownPath: string
  headers: Record<string, string>
  /** The body, for a server that calls the model so. */
  body?(model: string | undefined): Uint8Array<ArrayBuffer>
  /** The media types of answers that are forwarded besides JSON and streams of it: `audio/*`. */
  answers: readonly string[]
  /** Whether it manages the models of this one server: success may have an empty answer. */
  isManagement?: boolean
}

/** The process of a server that sluice starts itself. For admins: its output may hold anything. */
export interface ProcessStatus {
  state: 'stopped' | 'waiting' | 'starting' | 'ready' | 'stopping' | 'failed'
  /** Milliseconds since it entered that state. */
  forMs?: number
  pid?: number
  /** How often in a row it failed, and how it ended the last time that it did. */
  failures?: number
  lastExit?: string
  /** Requests that wait for it to be ready. */
  waiting: number
  /** The last lines that it wrote. */
  output: string[]
}

/** Options of embeddings. */
export interface EmbedOptions extends CallOptions {
  /** What was asked in Ollama's API and OpenAI's has no field for: an Ollama gets it. */
  ollama?: OllamaEmbedOptions | undefined
}

/** What is asked of an Ollama: every model it has, those that are loaded, or all about one. */
export type OllamaQuestion =
  | { api: 'tags' | 'ps' }
  | { api: 'show'; model: string; verbose?: boolean | undefined }

/** What an Ollama says of one of its models. */
export type OllamaFields = Readonly<Record<string, unknown>>

/** Who asks, for an engine that does not answer everybody. */
export interface EngineCaller {
  /** The name of the key; empty where there are no keys. */
  name: string
  isAdmin: boolean
  /** False where the key's requests must not be answered by browser tabs. */
  tabs?: boolean | undefined
}

/** A source of answers: an upstream server, a model in this process, or code. */
export interface Engine {
  /** Its name in logs and messages: `static`, `ollama`. Never an address. */
  readonly label: string
  /** The address of a server, never shown: by it, an engine is known again after a reload. */
  readonly address?: string | undefined
  /** The most requests it works on at once; further ones wait in the queue. No limit by default. */
  readonly maxConcurrency?: number | undefined
  /**
   * Whether it is a separate server: a failed request may then be retried, or moved to another
   * engine with the same model. An engine within this process gets neither by default.
   */
  readonly isServer?: boolean
  /**
   * For an engine within this process: whether a failed request may move to another engine with the
   * same model, as it may for a server.
   */
  readonly allowsFailover?: boolean
  /**
   * Whether discovery found it: if it cannot be reached it restarts or was stopped (503, not 502).
   */
  readonly isDiscovered?: boolean | undefined
  /** Whether it answers this caller's requests, and is shown to them. It answers everybody's by default. */
  mayServe?(caller: EngineCaller): boolean
  /** How far others are preferred that are as free as it is. Not at all by default. */
  readonly setBack?: number
  /** Whether it stands for one that the handler is composed without: nobody is shown it. */
  readonly isAbsent?: boolean
  /** Whether it is gone for good, as a tab that was closed: a request that waits for it need not wait. */
  readonly isGone?: boolean
  /** Calls `act` once it is gone for good. */
  onGone?(act: () => void): void
  /** Whether requests for a model may be routed to it, even if it does not list the model. */
  acceptsModel?(model: string): boolean
  /** The models it has now. Rejects with an `ApiError` where it cannot be reached. */
  models(signal: AbortSignal, options?: CallOptions): Promise<Model[]>
  /**
   * The models of the last listing with the sizes of their contexts, for a server that tells these
   * elsewhere than in its list; undefined before its first listing. Never rejects, and waits only
   * briefly. Called where models are listed for a client, never for a generation.
   */
  sizedModels?(signal: AbortSignal, options?: CallOptions): Promise<Model[] | undefined>
  /**
   * Resolves once the answer begins; rejects with an `ApiError`. With `stream: true` the answer is
   * a stream. Aborting the signal stops the work at its source.
   */
  chat(request: ChatRequest, signal: AbortSignal, options?: ChatOptions): Promise<ChatStream>
  /**
   * For a server that loads models on demand: what it says of a model that a request waits for `since`
   * then, by `performance.now()`; undefined where it does not tell. Asks the server about once a second,
   * in the background, for as long as it is called.
   */
  loadState?(model: string | undefined, since: number): LoadState | undefined
  /** The APIs besides chat that it serves natively, by `forward`. None by default. */
  readonly nativeApis?: readonly NativeApi[] | undefined
  /** Like `chat`, for a request in a native API, which is forwarded unchanged. */
  forward?(call: NativeCall, signal: AbortSignal, options?: CallOptions): Promise<NativeStream>
  /**
   * Counts a prompt's tokens for a model; undefined where the engine cannot. Rejects with an
   * `ApiError`.
   */
  countTokens?(
    prompt: TokenCountCall,
    model: string | undefined,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<number | undefined>
  /** Like `chat`, for a text completion. Optional. */
  complete?(request: TextRequest, signal: AbortSignal, options?: ChatOptions): Promise<TextStream>
  /** Resolves with the JSON of an `EmbeddingResponse`; rejects with an `ApiError`. Optional. */
  embed?(
    request: EmbeddingRequest,
    signal: AbortSignal,
    options?: EmbedOptions,
  ): Promise<WholeAnswer>
  /** The state of its process, where sluice starts it. */
  readonly process?: ProcessStatus | undefined
  /** The kind of server, where that is known: `ollama`. */
  readonly kind?: string | undefined
  /**
   * Forwards a request to a server that understands it. Resolves once the answer begins; rejects with an
   * `ApiError`, with status 404 and code `model_not_capable` where the server has no such path. Optional.
   */
  pass?(
    call: PassCall,
    model: string | undefined,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<PassedAnswer>
  /** Whether it has lately said that it has none of the paths of a request. */
  lacks?(call: PassCall, model: string | undefined): boolean
  /**
   * What an engine that is an Ollama says of its models in Ollama's own API, by a model's name here;
   * undefined where it is none. Rejects with an `ApiError`. Optional.
   */
  askOllama?(
    question: OllamaQuestion,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<((model: string) => OllamaFields | undefined) | undefined>
}
