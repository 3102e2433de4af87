import { abortable } from '../../util/abortable.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Progress } from '../engine.ts'
import { RemoteConnection, type ReplyListener } from './connection.ts'
import { type Port, type ReplyMessage, type RequestMessage, unpackError } from './protocol.ts'

export interface RemoteOptions {
  /** Its name in logs and messages: `webllm`. */
  label: string
  /** Opens a port to the engine; called again after one was lost. Rejects with an `ApiError`. */
  connect: () => Promise<Port>
}

type ReplyOf<Kind extends ReplyMessage['kind']> = Extract<ReplyMessage, { kind: Kind }>

/**
 * Connects to an engine on demand, and again after a connection was lost. It is apart from what reads answers,
 * which a page that only loads models does without.
 */
export class Connector {
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

  /** Sends one request and waits for its end. */
  async call(
    ask: (id: number) => RequestMessage,
    signal: AbortSignal,
    on: Partial<Listeners> = {},
  ): Promise<void> {
    const connection = await this.connection(signal)
    await new RemoteRequest(connection, ask, signal, on).ended
  }

  load(
    model: string,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<void> {
    const ask = (id: number) => ({ kind: 'load', id, model }) as const
    return this.call(ask, signal, { progress: ({ progress }) => onProgress?.(progress) })
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

type Listeners = {
  [Kind in 'models' | 'embedded' | 'progress' | 'begun' | 'chunks']: (reply: ReplyOf<Kind>) => void
}

/**
 * A request in progress. It ends once: by the engine's reply, by its signal, or when the engine is
 * gone.
 */
export class RemoteRequest implements ReplyListener {
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
