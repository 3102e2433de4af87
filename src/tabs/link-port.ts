/** The port over which a tab's engine hears what others ask, and which lets nothing else through. */
import {
  type Port,
  packError,
  type ReplyMessage,
  type RequestMessage,
} from '../engines/remote/protocol.ts'
import { quoted } from '../util/safe/quoted.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { requireOwnImages } from './own-images.ts'

/** The most MiB of vectors in one message: less than a server takes at once by default (`--max-body`). */
const MOST_VECTORS = 16

const MIB = 1024 * 1024

type Listener = (event: MessageEvent) => void

interface LinkPortOptions {
  /** Whether the owner of the tab offers a model now. */
  offers(model: string | null | undefined): boolean
  /** The most tokens that the owner lets an answer have. */
  maxTokens?(): number | undefined
  send(message: ReplyMessage): void
}

export class LinkPort implements Port {
  readonly #options: LinkPortOptions
  readonly #listeners = { message: new Set<Listener>(), close: new Set<Listener>() }
  #isClosed = false

  constructor(options: LinkPortOptions) {
    this.#options = options
  }

  addEventListener(type: 'message' | 'close', listener: Listener): void {
    this.#listeners[type].add(listener)
  }

  removeEventListener(type: 'message' | 'close', listener: Listener): void {
    this.#listeners[type].delete(listener)
  }

  /** What the engine says. The name of its lock means nothing to another machine. */
  postMessage(message: ReplyMessage): void {
    if (this.#isClosed || message.kind === 'here') return
    const isLong = message.kind === 'embedded' && message.json.length > MOST_VECTORS * MIB
    if (isLong) this.#refuse(message.id, vectorsTooLong(message.json.length))
    else this.#options.send(message)
  }

  /** What the server asks: models that the owner has not offered stay unloaded. */
  deliver(message: RequestMessage): void {
    if (message.kind === 'load' || message.kind === 'unload' || message.kind === 'models') {
      const { id } = message
      this.#refuse(id, new ApiError(403, `${message.kind}: this is up to the tab's owner.`))
      return
    }
    if ('request' in message) {
      try {
        this.#require(message)
      } catch (error) {
        this.#refuse(message.id, error as ApiError)
        return
      }
    }
    const data = this.#limited(message)
    for (const listener of [...this.#listeners.message]) listener({ data } as MessageEvent)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const listener of [...this.#listeners.close]) listener({} as MessageEvent)
  }

  #require(message: Extract<RequestMessage, { request: unknown }>): void {
    const { model } = message.request
    if (!this.#options.offers(model)) {
      const error = `model: the tab does not offer ${quoted(model ?? '')} now; ask again for another engine.`
      throw new ApiError(503, error, { code: 'engine_busy', headers: { 'retry-after': '1' } })
    }
    if (message.kind === 'chat') requireOwnImages(message.request)
  }

  /** The request with no more tokens than the owner allows. */
  #limited(message: RequestMessage): RequestMessage {
    const most = this.#options.maxTokens?.()
    if (most === undefined) return message
    if (message.kind === 'complete') {
      const { request } = message
      return { ...message, request: { ...request, max_tokens: least(request.max_tokens, most) } }
    }
    if (message.kind !== 'chat') return message
    const { max_completion_tokens: newer, max_tokens: older, ...request } = message.request
    return { ...message, request: { ...request, max_tokens: least(newer ?? older, most) } }
  }

  #refuse(id: number, error: ApiError): void {
    this.postMessage({ kind: 'error', id, error: packError(error) })
  }
}

/** The server would not take it, and wait for the tab until it is given up. */
function vectorsTooLong(length: number): ApiError {
  const message = `input: expected vectors of at most ${MOST_VECTORS} MiB, as a tab sends them in one message, got ${Math.ceil(length / MIB)} MiB; send fewer texts at once.`
  return new ApiError(501, message, { code: 'model_not_capable', param: 'input' })
}

function least(asked: number | null | undefined, most: number): number {
  return Math.min(asked ?? most, most)
}
