/** The server of the chat: requests and answers pass the same code as those of upstreams. */
import type { Model } from '../../engines/engine.ts'
import { Upstream } from '../../engines/upstream/upstream.ts'
import type { Fetch, Fetched, Packet } from '../../platform/fetch.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Target } from '../target.ts'
import { resuming } from './resuming.ts'

const CHAT = '/chat/completions'

/** Milliseconds to wait for a list of models. */
const TO_LIST = 5_000

/** Is called with what arrives. */
export interface Watch {
  /** The status and content type of the answer. */
  head(status: number, type: string): void
  packet(bytes: Uint8Array): void
  /** The connection is lost, and the answer is being resumed. */
  lost(): void
}

export class ChatServer {
  /** `127.0.0.1:8787` */
  readonly name: string
  readonly #fetch: Fetch
  readonly #target: Target

  constructor(fetch: Fetch, target: Target) {
    this.name = new URL(target.base).host
    this.#fetch = fetch
    this.#target = target
  }

  /** Rejects with an `ApiError`. */
  models(signal: AbortSignal): Promise<Model[]> {
    return this.#upstream().models(AbortSignal.any([signal, AbortSignal.timeout(TO_LIST)]))
  }

  /** Chunks that obey the contract. Rejects with an `ApiError`, or with the signal's reason. */
  async ask(request: ChatRequest, signal: AbortSignal, watch: Watch) {
    const stream = await this.#upstream(watch).chat({ ...request, stream: true }, signal, {
      asChunks: true,
    })
    if (stream.kind === 'chunks') return stream
    throw new ApiError(
      502,
      `${this.name}: expected a stream, got another answer; check that the URL is the root of an OpenAI-compatible API.`,
    )
  }

  #upstream(watch?: Watch): Upstream {
    const { base, key } = this.#target
    const seen: Fetch = async (url, init) => {
      const response = await this.#fetch(this.#address(url), init)
      return watch === undefined ? response : watched(response, watch)
    }
    const fetch = watch === undefined ? seen : resuming(seen, () => watch.lost())
    return new Upstream({ url: base, label: this.name, key, fetch })
  }

  /** A given endpoint keeps its query. */
  #address(url: string): string {
    const { base, url: given } = this.#target
    return url === base + CHAT && new URL(given).pathname.endsWith(CHAT) ? given : url
  }
}

function watched(response: Fetched, watch: Watch): Fetched {
  const { status, ok, headers, body } = response
  watch.head(status, headers.get('content-type') ?? 'no content type')
  if (body === null) return response
  return {
    ...{ status, ok, headers },
    body: {
      getReader() {
        const reader = body.getReader()
        const read = async (): Promise<Packet> => {
          const packet = await reader.read()
          if (!packet.done) watch.packet(packet.value)
          return packet
        }
        return { read, cancel: (reason) => reader.cancel(reason) }
      },
      cancel: () => body.cancel(),
    },
  }
}
