import { type ChatStream, enforceChatContract, type WholeAnswer } from '../../stream/chat-stream.ts'
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import { abortable } from '../../util/abortable.ts'
import type { ChatChunk, ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { withNumbers } from '../../wire/json/exact-integers.ts'
import type { Model, Progress } from '../engine.ts'
import type { LocalEngine } from '../webllm/webllm.ts'
import { RemoteConnection, type ReplyListener } from './connection.ts'
import {
  INITIAL_CREDIT,
  type Port,
  type ReplyMessage,
  type RequestMessage,
  unpackError,
} from './protocol.ts'

export interface RemoteOptions {
  /** Its name in logs and messages: `webllm`. */
  label: string
  /** Opens a port to the engine; called again after one was lost. Rejects with an `ApiError`. */
  connect: () => Promise<Port>
}

export interface RemoteEngine extends LocalEngine {
  /** Fails the requests in progress; for a host that knows that the engine is gone. */
  lose(): void
}

type ReplyOf<Kind extends ReplyMessage['kind']> = Extract<ReplyMessage, { kind: Kind }>

/** Connects to an engine on demand, and again after a connection was lost. */
class Connector {
  readonly #options: RemoteOptions
  #connecting: Promise<RemoteConnection> | undefined

  constructor(options: RemoteOptions) {
    this.#options = options
  }

  connection(signal: AbortSignal): Promise<RemoteConnection> {
    this.#connecting ??= this.#options.connect().then(
      (port) => new RemoteConnection(port, () => this.#lostError()),
      (error: unknown) => {
        this.#connecting = undefined
        throw error
      },
    )
    return abortable(this.#connecting, signal)
  }

  lose(): void {
    void this.#connecting?.then((connection) => connection.lose()).catch(() => {})
  }

  #lostError(): ApiError {
    this.#connecting = undefined
    const message = `The engine ${this.#options.label} is gone, since the page or worker that ran it was closed. Try again.`
    return new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } })
  }
}

/** An engine on the other side of a message port, where `serveEngine` runs. */
export function createRemote(options: RemoteOptions): RemoteEngine {
  const { label } = options
  const connector = new Connector(options)

  /** Sends one request and waits for its end. */
  async function call(
    ask: (id: number) => RequestMessage,
    signal: AbortSignal,
    on: Partial<Listeners> = {},
  ) {
    const connection = await connector.connection(signal)
    const request = new RemoteRequest(connection, ask, signal, on)
    await request.ended
  }

  return {
    label,

    async models(signal) {
      let models: Model[] = []
      await call((id) => ({ kind: 'models', id }), signal, {
        models: (reply) => {
          models = reply.models
        },
      })
      return models
    },

    load: (model, signal, onProgress) =>
      call((id) => ({ kind: 'load', id, model }), signal, {
        progress: ({ progress }) => onProgress?.(progress),
      }),

    unload: () => call((id) => ({ kind: 'unload', id }), new AbortController().signal),

    async embed(request, signal) {
      const answer: WholeAnswer = { kind: 'whole', json: '', repaired: [] }
      await call((id) => ({ kind: 'embed', id, request: withNumbers(request) }), signal, {
        embedded: ({ json, model, usage }) => Object.assign(answer, { json, model, usage }),
      })
      return answer
    },

    async chat(request, signal, { onProgress } = {}): Promise<ChatStream> {
      const connection = await connector.connection(signal)
      const message = {
        kind: 'chat',
        request: withNumbers(request),
        credit: INITIAL_CREDIT,
      } as const
      const ask = (id: number): RequestMessage => ({ ...message, id })
      const stream = new RemoteStream<ChatChunk>(connection, ask, signal, onProgress)
      await stream.begun
      return enforceChatContract(stream, { label, usage: wantsUsage(request) })
    },

    async complete(request, signal, { onProgress } = {}): Promise<TextStream> {
      const connection = await connector.connection(signal)
      const message = {
        kind: 'complete',
        request: withNumbers(request),
        credit: INITIAL_CREDIT,
      } as const
      const ask = (id: number): RequestMessage => ({ ...message, id })
      const stream = new RemoteStream<TextChunk>(connection, ask, signal, onProgress)
      await stream.begun
      return enforceTextContract(stream, request, label)
    },

    lose: () => connector.lose(),
  }
}

function wantsUsage({ stream, stream_options }: ChatRequest): boolean {
  return stream ? Boolean(stream_options?.include_usage) : true
}

type Listeners = {
  [Kind in 'models' | 'embedded' | 'progress' | 'begun' | 'chunks']: (reply: ReplyOf<Kind>) => void
}

/**
 * A request in progress. It ends once: by the engine's reply, by its signal, or when the engine is
 * gone.
 */
class RemoteRequest implements ReplyListener {
  readonly id: number
  /** Resolves when the engine is done; rejects with an `ApiError` or the signal's reason. */
  readonly ended: Promise<void>
  readonly #connection: RemoteConnection
  readonly #signal: AbortSignal
  readonly #on: Partial<Listeners>
  #resolve: () => void = () => {}
  #reject: (reason: unknown) => void = () => {}
  #hasEnded = false
  readonly #onAbort = () => this.stop(this.#signal.reason)

  constructor(
    connection: RemoteConnection,
    ask: (id: number) => RequestMessage,
    signal: AbortSignal,
    on: Partial<Listeners>,
  ) {
    this.#connection = connection
    this.#signal = signal
    this.#on = on
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.ended.catch(() => {})
    this.id = connection.open(this)
    if (this.#hasEnded) return
    signal.addEventListener('abort', this.#onAbort, { once: true })
    connection.post(ask(this.id))
    if (signal.aborted) this.#onAbort()
  }

  onReply(message: Exclude<ReplyMessage, { kind: 'pong' | 'here' }>): void {
    if (message.kind === 'done') this.#end(this.#resolve)
    else if (message.kind === 'error') this.#fail(unpackError(message.error))
    else (this.#on[message.kind] as ((reply: typeof message) => void) | undefined)?.(message)
  }

  onLost(error: ApiError): void {
    this.#fail(error)
  }

  /** Cancels the request at the engine. */
  stop(reason: unknown): void {
    if (this.#hasEnded) return
    this.#connection.post({ kind: 'cancel', id: this.id })
    this.#fail(reason)
  }

  #fail(reason: unknown): void {
    this.#end(() => this.#reject(reason))
  }

  #end(settle: () => void): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#connection.close(this.id)
    settle()
  }
}

/**
 * The chunks of an answer, with flow control by credit: the engine sends no more than it was
 * allowed.
 */
class RemoteStream<T extends ChatChunk | TextChunk> implements AsyncIterator<T[], void, void> {
  /** Resolves when the answer begins; rejects with an `ApiError` or the signal's reason. */
  readonly begun: Promise<void>
  readonly #connection: RemoteConnection
  readonly #request: RemoteRequest
  #received: T[] = []
  /** Chunks read since the last credit was given. */
  #unacknowledged = 0
  #hasEnded = false
  #wake: () => void = () => {}

  constructor(
    connection: RemoteConnection,
    ask: (id: number) => RequestMessage,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ) {
    this.#connection = connection
    let begin: () => void = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    this.#request = new RemoteRequest(connection, ask, signal, {
      begun: () => begin(),
      progress: ({ progress }) => onProgress?.(progress),
      chunks: ({ chunks }) => {
        this.#received.push(...(chunks as T[]))
        this.#wake()
      },
    })
    const { ended } = this.#request
    this.begun = Promise.race([begun, ended])
    const end = () => {
      this.#hasEnded = true
      this.#wake()
    }
    ended.then(end, end)
  }

  /** All chunks received since the last call. */
  async next(): Promise<IteratorResult<T[], void>> {
    while (this.#received.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const chunks = this.#received
    this.#received = []
    if (chunks.length === 0) {
      await this.#request.ended
      return { done: true, value: undefined }
    }
    this.#giveCredit(chunks.length)
    return { done: false, value: chunks }
  }

  async return(): Promise<IteratorResult<T[], void>> {
    this.#request.stop(new Error('the reader stopped'))
    return { done: true, value: undefined }
  }

  #giveCredit(count: number): void {
    this.#unacknowledged += count
    if (this.#unacknowledged < INITIAL_CREDIT / 2) return
    this.#connection.post({ kind: 'credit', id: this.#request.id, chunks: this.#unacknowledged })
    this.#unacknowledged = 0
  }
}
