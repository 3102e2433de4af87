import type { ChatStream } from '../../stream/chat-stream.ts'
import type { TextStream } from '../../stream/text-stream.ts'
import type { ChatChunk } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { ChatOptions, Progress } from '../engine.ts'
import type { LocalEngine } from '../webllm/webllm.ts'
import { holdLivenessLock } from './liveness-lock.ts'
import {
  PING_INTERVAL,
  type Port,
  packError,
  type ReplyMessage,
  type RequestMessage,
  SILENCE_TIMEOUT,
} from './protocol.ts'

/**
 * Serves an engine over a port until the other side closes it or falls silent, which cancels all of
 * its requests. Returns a function that stops serving, which fails them instead.
 */
export function serveEngine(port: Port, engine: LocalEngine): () => void {
  const server = new EngineServer(port, engine)
  return () => server.stop()
}

/** A request in progress for the other side. */
class RunningRequest {
  readonly control = new AbortController()
  /** How many further chunks the reader allows. */
  #credit: number
  #wake: () => void = () => {}

  constructor(credit: number) {
    this.#credit = credit
    this.control.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** Adds to the credit; a negative number subtracts chunks that were sent. */
  addCredit(chunks: number): void {
    this.#credit += chunks
    if (this.#credit > 0) this.#wake()
  }

  /** Whether chunks may be sent, or the request was cancelled. */
  get hasCredit(): boolean {
    return this.#credit > 0 || this.control.signal.aborted
  }

  async untilCredit(): Promise<void> {
    while (!this.hasCredit) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/**
 * Sends the chunks of one turn of the event loop in one message. Sending is deferred to the next
 * turn, so that the engine can start its next token first.
 */
class ChunkBatcher<T> {
  readonly #send: (chunks: T[]) => void
  #pending: T[] = []

  constructor(send: (chunks: T[]) => void) {
    this.#send = send
  }

  add(chunks: T[]): void {
    if (this.#pending.length === 0) runInNextTurn(() => this.flush())
    this.#pending.push(...chunks)
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const chunks = this.#pending
    this.#pending = []
    this.#send(chunks)
  }
}

const scheduled: (() => void)[] = []
let sender: Pick<Port, 'postMessage'> | undefined

/** Runs `act` in the next turn, by a message to itself: timers wait for milliseconds. */
function runInNextTurn(act: () => void): void {
  scheduled.push(act)
  sender ??= openChannel()
  sender.postMessage(undefined)
}

/** Opened on first use: a listening port keeps a Node or Deno process alive. */
function openChannel(): Pick<Port, 'postMessage'> {
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => scheduled.shift()?.())
  port1.start()
  return port2
}

class EngineServer {
  readonly #port: Port
  readonly #engine: LocalEngine
  readonly #requests = new Map<number, RunningRequest>()
  #lastMessageAt = 0
  #silenceTimer: ReturnType<typeof setInterval> | undefined
  readonly #onMessage = ({ data }: MessageEvent) => this.#handleMessage(data as RequestMessage)
  readonly #onClose = () => this.#cancelAll()

  constructor(port: Port, engine: LocalEngine) {
    this.#port = port
    this.#engine = engine
    port.addEventListener('message', this.#onMessage)
    port.addEventListener('close', this.#onClose)
    port.start?.()
    void holdLivenessLock().then(
      (life) => life !== undefined && this.#reply({ kind: 'here', life }),
    )
  }

  stop(): void {
    this.#port.removeEventListener('message', this.#onMessage)
    this.#port.removeEventListener('close', this.#onClose)
    const error = packError(replacedError())
    for (const id of this.#requests.keys()) this.#reply({ kind: 'error', id, error })
    this.#cancelAll()
  }

  #reply(message: ReplyMessage): void {
    this.#port.postMessage(message)
  }

  #handleMessage(message: RequestMessage): void {
    this.#lastMessageAt = performance.now()
    if (message.kind === 'ping') this.#reply({ kind: 'pong' })
    else if (message.kind === 'credit') this.#requests.get(message.id)?.addCredit(message.chunks)
    else if (message.kind === 'cancel') this.#requests.get(message.id)?.control.abort()
    else void this.#run(message)
  }

  /** Runs one request and replies with how it ended. */
  async #run(ask: Exclude<RequestMessage, { kind: 'ping' | 'credit' | 'cancel' }>): Promise<void> {
    const { id } = ask
    const running = new RunningRequest('credit' in ask ? ask.credit : 0)
    this.#requests.set(id, running)
    this.#silenceTimer ??= setInterval(() => {
      if (performance.now() - this.#lastMessageAt > SILENCE_TIMEOUT) this.#cancelAll()
    }, PING_INTERVAL)
    const { signal } = running.control
    const onProgress = (progress: Progress) => this.#reply({ kind: 'progress', id, progress })
    try {
      if ('credit' in ask)
        await this.#stream(ask, running, {
          onProgress: ({ done = 0, ...rest }) => onProgress({ ...rest, done }),
        })
      else if (ask.kind === 'load') await this.#engine.load(ask.model, signal, onProgress)
      else if (ask.kind === 'unload') await this.#engine.unload()
      else if (ask.kind === 'embed') await this.#embed(ask, signal)
      else this.#reply({ kind: 'models', id, models: await this.#engine.models(signal) })
      this.#reply({ kind: 'done', id })
    } catch (error) {
      if (!signal.aborted) this.#reply({ kind: 'error', id, error: packError(toApiError(error)) })
    }
    this.#requests.delete(id)
    if (this.#requests.size > 0) return
    clearInterval(this.#silenceTimer)
    this.#silenceTimer = undefined
  }

  async #embed({ id, request }: Extract<RequestMessage, { kind: 'embed' }>, signal: AbortSignal) {
    const { json, model, usage } = await this.#engine.embed(request, signal)
    const fields = { ...(model !== undefined && { model }), ...(usage && { usage }) }
    this.#reply({ kind: 'embedded', id, json, ...fields })
  }

  async #stream(
    ask: Extract<RequestMessage, { kind: 'chat' | 'complete' }>,
    running: RunningRequest,
    options: ChatOptions,
  ): Promise<void> {
    const { id } = ask
    const { signal } = running.control
    const stream: ChatStream | TextStream =
      ask.kind === 'chat'
        ? await this.#engine.chat(ask.request, signal, options)
        : await this.#engine.complete(ask.request, signal, options)
    if (stream.kind !== 'chunks')
      throw new TypeError('an engine behind a port must answer with chunks')
    this.#reply({ kind: 'begun', id })
    const outbox = new ChunkBatcher<ChatChunk | TextChunk>((chunks) =>
      this.#reply({ kind: 'chunks', id, chunks }),
    )
    try {
      for (;;) {
        if (!running.hasCredit) {
          outbox.flush()
          await running.untilCredit()
        }
        const batch = await stream.items.next()
        if (batch.done) return
        running.addCredit(-batch.value.length)
        outbox.add(batch.value)
      }
    } finally {
      outbox.flush()
    }
  }

  #cancelAll(): void {
    for (const { control } of this.#requests.values()) control.abort()
  }
}

function replacedError(): ApiError {
  const message =
    'This connection to the engine was replaced by a newer one of the same client. Try again.'
  return new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } })
}
