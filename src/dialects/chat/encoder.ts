/** Writes OpenAI's chat completions; engines send their chunks, so nothing is translated. */

import { ChunkWriter } from '../../wire/chat/chunk-writer.ts'
import type { ChatChunk, ChunkDelta } from '../../wire/chat/request.ts'
import { ChatContract, type StreamIdentity } from '../../wire/contract/chat.ts'
import { frame } from '../../wire/sse/sse.ts'
import { ChunkEncoder, withIdentity } from '../chunk-encoder.ts'
import type { LoadingText } from './loading-text.ts'

export class ChatEncoder extends ChunkEncoder<ChatContract> {
  #writer: ChunkWriter | undefined
  readonly #loadingText: LoadingText | undefined
  #identity: StreamIdentity | undefined

  /** `loadingText`: writes progress into the answer's reasoning instead of comments. */
  constructor(requestId: string, model: string, loadingText?: LoadingText) {
    super(requestId, model)
    this.#loadingText = loadingText
  }

  /** The identity that the client knows already; undefined before anything was sent. */
  get identity(): StreamIdentity | undefined {
    return this.#identity
  }

  chunks(chunks: ChatChunk[]): string {
    this.#writer ??= new ChunkWriter()
    const known = this.#identity
    return this.#writer.write(known ? chunks.map((chunk) => ({ ...chunk, ...known })) : chunks)
  }

  override ping(progress?: string): string {
    const text = this.#loadingText
    const line = progress === undefined ? undefined : text?.lineFor(progress)
    if (text && line !== undefined) return this.#early({ role: 'assistant', [text.field]: line })
    return this.#identity === undefined ? super.ping(progress) : this.#early({})
  }

  /** A chunk before the engine's first one. */
  #early(delta: ChunkDelta): string {
    const contract = this.placeholderContract()
    const chunk = contract.chunk([{ index: 0, delta, finish_reason: null }])
    const { id, model, created } = chunk
    this.#identity ??= { id, model, created }
    return frame(JSON.stringify({ ...chunk, ...this.#identity }))
  }

  protected openingChunk(contract: ChatContract): ChatChunk {
    return { ...contract.roleChunk(), ...this.#identity }
  }

  protected heartbeatChunk(contract: ChatContract): ChatChunk {
    return { ...contract.heartbeatChunk(), ...this.#identity }
  }

  protected placeholderContract(): ChatContract {
    const contract = new ChatContract({ label: 'sluice' })
    return withIdentity(contract, `chatcmpl-${this.requestId}`, this.model)
  }
}
