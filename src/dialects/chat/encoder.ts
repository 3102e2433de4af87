/** OpenAI's chat completions: chunks travel in this dialect, so that it translates nothing. */

import { ChunkWriter } from '../../wire/chat/chunk-writer.ts'
import type { ChatChunk } from '../../wire/chat/request.ts'
import { ChatContract } from '../../wire/contract/chat.ts'
import { ChunkEncoder, named } from '../chunk-encoder.ts'

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
