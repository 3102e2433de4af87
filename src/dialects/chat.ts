/** OpenAI's chat completions: chunks travel in this dialect, so that it translates nothing. */
import type { ChatChunk } from '../wire/chat.ts'
import { ChunkWriter } from '../wire/chunk-writer.ts'
import { ChatContract } from '../wire/contract.ts'
import { ChunkEncoder, named } from './chunk-encoder.ts'

export class ChatEncoder extends ChunkEncoder<ChatContract> {
  #writer: ChunkWriter | undefined

  chunks(chunks: ChatChunk[]): string {
    this.#writer ??= new ChunkWriter()
    return this.#writer.write(chunks)
  }

  protected first(contract: ChatContract): ChatChunk {
    return contract.roleChunk()
  }

  protected empty(contract: ChatContract): ChatChunk {
    return contract.quietChunk()
  }

  protected unnamed(): ChatContract {
    const contract = new ChatContract({ label: 'sluice' })
    return named(contract, `chatcmpl-${this.requestId}`, this.model)
  }
}
