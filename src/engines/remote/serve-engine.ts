import type { ChatStream } from '../../stream/chat-stream.ts'
import type { TextStream } from '../../stream/text-stream.ts'
import type { ChatChunk } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { ChatOptions, Progress } from '../engine.ts'
import type { LocalEngine } from '../webllm/webllm.ts'
import { ownLife } from './liveness-lock.ts'
import { type Ask, PATIENCE, PING, type Port, packError, type Tell } from './protocol.ts'

/**
 * Serves an engine over a port, until the other side closes it or falls silent: then all it asked
 * for is cancelled. Returns what stops serving: then all of it fails, if anybody still listens.
 */
export function serveEngine(port: Port, engine: LocalEngine): () => void {
  const server = new EngineServer(port, engine)
  return () => server.stop()
}

/** A request that runs for the other side. */
class Job {
  readonly control = new AbortController()
  /** How many more chunks the reader has room for. */
  #credit: number
  #wake: () => void = () => {}

  constructor(credit: number) {
    this.#credit = credit
    this.control.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** The reader has room for so many more; a negative number is what was sent. */
  credit(chunks: number): void {
    this.#credit += chunks
    if (this.#credit > 0) this.#wake()
  }

  /** Whether the reader has room for more, or wants none. */
  get hasRoom(): boolean {
    return this.#credit > 0 || this.control.signal.aborted
  }

  async room(): Promise<void> {
    while (!this.hasRoom) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/**
 * Sends together what was made within one turn of the event loop: the engine works on its next token
 * meanwhile, and one that makes many in a turn costs one message.
 */
class Outbox<T> {
  readonly #send: (chunks: T[]) => void
  #waiting: T[] = []

  constructor(send: (chunks: T[]) => void) {
    this.#send = send
  }

  add(chunks: T[]): void {
    if (this.#waiting.length === 0) nextTurn(() => this.flush())
    this.#waiting.push(...chunks)
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const chunks = this.#waiting
    this.#waiting = []
    this.#send(chunks)
  }
}

const turns: (() => void)[] = []
let sender: Pick<Port, 'postMessage'> | undefined

/** A message to oneself comes in the next turn; a timer would wait for milliseconds. */
function nextTurn(act: () => void): void {
  turns.push(act)
  sender ??= openChannel()
  sender.postMessage(undefined)
}

/** Only when it is needed: a port that listens keeps a Node or Deno process from ending. */
function openChannel(): Pick<Port, 'postMessage'> {
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => turns.shift()?.())
  port1.start()
  return port2
}

class EngineServer {
  readonly #port: Port
  readonly #engine: LocalEngine
  readonly #jobs = new Map<number, Job>()
  #heardAt = 0
  #watch: ReturnType<typeof setInterval> | undefined
  readonly #onMessage = ({ data }: MessageEvent) => this.#hear(data as Ask)
  readonly #onClose = () => this.#cancelAll()

  constructor(port: Port, engine: LocalEngine) {
    this.#port = port
    this.#engine = engine
    port.addEventListener('message', this.#onMessage)
    port.addEventListener('close', this.#onClose)
    port.start?.()
    void ownLife().then((life) => life !== undefined && this.#tell({ kind: 'here', life }))
  }

  stop(): void {
    this.#port.removeEventListener('message', this.#onMessage)
    this.#port.removeEventListener('close', this.#onClose)
    const error = packError(lost())
    for (const id of this.#jobs.keys()) this.#tell({ kind: 'error', id, error })
    this.#cancelAll()
  }

  #tell(message: Tell): void {
    this.#port.postMessage(message)
  }

  #hear(ask: Ask): void {
    this.#heardAt = performance.now()
    if (ask.kind === 'ping') this.#tell({ kind: 'pong' })
    else if (ask.kind === 'credit') this.#jobs.get(ask.id)?.credit(ask.chunks)
    else if (ask.kind === 'cancel') this.#jobs.get(ask.id)?.control.abort()
    else void this.#run(ask)
  }

  /** Runs one request and tells how it ended. */
  async #run(ask: Exclude<Ask, { kind: 'ping' | 'credit' | 'cancel' }>): Promise<void> {
    const { id } = ask
    const job = new Job('credit' in ask ? ask.credit : 0)
    this.#jobs.set(id, job)
    this.#watch ??= setInterval(() => {
      if (performance.now() - this.#heardAt > PATIENCE) this.#cancelAll()
    }, PING)
    const { signal } = job.control
    const onProgress = (progress: Progress) => this.#tell({ kind: 'progress', id, progress })
    try {
      if ('credit' in ask) await this.#stream(ask, job, { onProgress })
      else if (ask.kind === 'load') await this.#engine.load(ask.model, signal, onProgress)
      else if (ask.kind === 'unload') await this.#engine.unload()
      else if (ask.kind === 'embed') await this.#embed(ask, signal)
      else this.#tell({ kind: 'models', id, models: await this.#engine.models(signal) })
      this.#tell({ kind: 'done', id })
    } catch (error) {
      if (!signal.aborted) this.#tell({ kind: 'error', id, error: packError(toApiError(error)) })
    }
    this.#jobs.delete(id)
    if (this.#jobs.size > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  async #embed({ id, request }: Extract<Ask, { kind: 'embed' }>, signal: AbortSignal) {
    const { json, model, usage } = await this.#engine.embed(request, signal)
    const told = { ...(model !== undefined && { model }), ...(usage && { usage }) }
    this.#tell({ kind: 'embedded', id, json, ...told })
  }

  async #stream(
    ask: Extract<Ask, { kind: 'chat' | 'complete' }>,
    job: Job,
    options: ChatOptions,
  ): Promise<void> {
    const { id } = ask
    const { signal } = job.control
    const stream: ChatStream | TextStream =
      ask.kind === 'chat'
        ? await this.#engine.chat(ask.request, signal, options)
        : await this.#engine.complete(ask.request, signal, options)
    if (stream.kind !== 'chunks') throw new TypeError('an engine behind a port answers in chunks')
    this.#tell({ kind: 'begun', id })
    const outbox = new Outbox<ChatChunk | TextChunk>((chunks) =>
      this.#tell({ kind: 'chunks', id, chunks }),
    )
    try {
      for (;;) {
        if (!job.hasRoom) {
          outbox.flush()
          await job.room()
        }
        const batch = await stream.items.next()
        if (batch.done) return
        job.credit(-batch.value.length)
        outbox.add(batch.value)
      }
    } finally {
      outbox.flush()
    }
  }

  #cancelAll(): void {
    for (const { control } of this.#jobs.values()) control.abort()
  }
}

function lost(): ApiError {
  const message = 'The engine was asked for anew by another; ask again.'
  return new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } })
}
