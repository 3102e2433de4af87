import { type ChatStream, enforceChatContract, type WholeAnswer } from '../../stream/chat-stream.ts'
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import type { ChatChunk, ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { withNumbers } from '../../wire/json/exact-integers.ts'
import type { Model, Progress } from '../engine.ts'
import type { LocalEngine } from '../webllm/webllm.ts'
import type { RemoteConnection } from './connection.ts'
import { Connector, type RemoteOptions, RemoteRequest } from './connector.ts'
import { INITIAL_CREDIT, type RequestMessage } from './protocol.ts'

export interface RemoteEngine extends LocalEngine {
  /** Fails the requests in progress; for a host that knows that the engine is gone. */
  lose(): void
}

/** An engine on the other side of a message port, where `serveEngine` runs. */
export function createRemote(options: RemoteOptions): RemoteEngine {
  const { label } = options
  const connector = new Connector(options)

  return {
    label,

    async models(signal) {
      let models: Model[] = []
      await connector.call((id) => ({ kind: 'models', id }), signal, {
        models: (reply) => {
          models = reply.models
        },
      })
      return models
    },

    load: (model, signal, onProgress) => connector.load(model, signal, onProgress),

    unload: () => connector.call((id) => ({ kind: 'unload', id }), new AbortController().signal),

    async embed(request, signal) {
      const answer: WholeAnswer = { kind: 'whole', json: '', repaired: [] }
      await connector.call((id) => ({ kind: 'embed', id, request: withNumbers(request) }), signal, {
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
      // As the engine that it stands for may.
      const keepsBack = true
      return enforceChatContract(stream, { label, usage: wantsUsage(request), keepsBack })
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
