import { type ChatStream, enforceChatContract, type WholeAnswer } from '../../stream/chat-stream.ts'
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import { abortable } from '../../util/abortable.ts'
import type { ChatChunk, ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { withNumbers } from '../../wire/json/exact-integers.ts'
import type { Model, Progress } from '../engine.ts'
import type { LocalEngine } from '../webllm/webllm.ts'
import { RemoteConnection, type RequestListener } from './connection.ts'
import { type Ask, CREDIT, type Port, type Tell, unpackError } from './protocol.ts'

export interface RemoteOptions {
  /** How people know it: `webllm`. */
  label: string
  /** Asks for a port to the engine; asked again after one was lost. Rejects with an `ApiError`. */
  connect: () => Promise<Port>
}

export interface RemoteEngine extends LocalEngine {
  /** What runs fails now: the host knows that the engine is gone. */
  lose(): void
}

type Told<Kind extends Tell['kind']> = Extract<Tell, { kind: Kind }>

/** An engine on the other side of a message port, which `serveEngine` holds. */
export function createRemote({ label, connect }: RemoteOptions): RemoteEngine {
  let connecting: Promise<RemoteConnection> | undefined

  function gone(): ApiError {
    connecting = undefined
    const message = `The engine ${label} is gone: the page or worker that ran it was closed. Ask again.`
    return new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } })
  }

  function connection(signal: AbortSignal): Promise<RemoteConnection> {
    connecting ??= connect().then(
      (port) => new RemoteConnection(port, gone),
      (error: unknown) => {
        connecting = undefined
        throw error
      },
    )
    return abortable(connecting, signal)
  }

  /** One request whose end is all that is waited for. */
  async function call(ask: (id: number) => Ask, signal: AbortSignal, on: Partial<Listeners> = {}) {
    const connected = await connection(signal)
    const request = new RemoteRequest(connected, ask, signal, on)
    await request.ended
  }

  return {
    label,

    async models(signal) {
      let models: Model[] = []
      await call((id) => ({ kind: 'models', id }), signal, {
        models: (told) => {
          models = told.models
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
      const connected = await connection(signal)
      const own = withNumbers(request)
      const ask = (id: number): Ask => ({ kind: 'chat', id, request: own, credit: CREDIT })
      const stream = new RemoteStream<ChatChunk>(connected, ask, signal, onProgress)
      await stream.begun
      return enforceChatContract(stream, { label, usage: wantsUsage(request) })
    },

    async complete(request, signal, { onProgress } = {}): Promise<TextStream> {
      const connected = await connection(signal)
      const own = withNumbers(request)
      const ask = (id: number): Ask => ({ kind: 'complete', id, request: own, credit: CREDIT })
      const stream = new RemoteStream<TextChunk>(connected, ask, signal, onProgress)
      await stream.begun
      return enforceTextContract(stream, request, label)
    },

    lose() {
      void connecting?.then((connected) => connected.lose()).catch(() => {})
    },
  }
}

function wantsUsage({ stream, stream_options }: ChatRequest): boolean {
  return stream ? Boolean(stream_options?.include_usage) : true
}

type Listeners = {
  [Kind in 'models' | 'embedded' | 'progress' | 'begun' | 'chunks']: (told: Told<Kind>) => void
}

/** A request under way: it ends once, by the engine's word, by the signal or with the other side. */
class RemoteRequest implements RequestListener {
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
    ask: (id: number) => Ask,
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

  tell(message: Exclude<Tell, { kind: 'pong' | 'here' }>): void {
    if (message.kind === 'done') this.#end(this.#resolve)
    else if (message.kind === 'error') this.#fail(unpackError(message.error))
    else (this.#on[message.kind] as ((told: typeof message) => void) | undefined)?.(message)
  }

  lose(error: ApiError): void {
    this.#fail(error)
  }

  /** Nobody wants the rest. */
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

/** An answer's chunks as they come over the port, no more of them than it has given credit for. */
class RemoteStream<T extends ChatChunk | TextChunk> implements AsyncIterator<T[], void, void> {
  /** Resolves with the engine's answer; rejects with an `ApiError` or the signal's reason. */
  readonly begun: Promise<void>
  readonly #connection: RemoteConnection
  readonly #request: RemoteRequest
  #ready: T[] = []
  /** Chunks that were read since the last credit. */
  #read = 0
  #hasEnded = false
  #wake: () => void = () => {}

  constructor(
    connection: RemoteConnection,
    ask: (id: number) => Ask,
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
        this.#ready.push(...(chunks as T[]))
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

  /** All that has come since the last read. */
  async next(): Promise<IteratorResult<T[], void>> {
    while (this.#ready.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const chunks = this.#ready
    this.#ready = []
    if (chunks.length === 0) {
      await this.#request.ended
      return { done: true, value: undefined }
    }
    this.#credit(chunks.length)
    return { done: false, value: chunks }
  }

  async return(): Promise<IteratorResult<T[], void>> {
    this.#request.stop(new Error('the reader stopped'))
    return { done: true, value: undefined }
  }

  #credit(count: number): void {
    this.#read += count
    if (this.#read < CREDIT / 2) return
    this.#connection.post({ kind: 'credit', id: this.#request.id, chunks: this.#read })
    this.#read = 0
  }
}
