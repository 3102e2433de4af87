/** Writes OpenAI's chat completions; engines send their chunks, so nothing is translated. */

import { ChunkWriter } from '../../wire/chat/chunk-writer.ts'
import type { ChatChunk } from '../../wire/chat/request.ts'
import { ChatContract } from '../../wire/contract/chat.ts'
import { ChunkEncoder, withIdentity } from '../chunk-encoder.ts'

export class ChatEncoder extends ChunkEncoder<ChatContract> {
  #writer: ChunkWriter | undefined

  chunks(chunks: ChatChunk[]): string {
    this.#writer ??= new ChunkWriter()
    return this.#writer.write(chunks)
  }

  protected openingChunk(contract: ChatContract): ChatChunk {
    return contract.roleChunk()
  }

  protected heartbeatChunk(contract: ChatContract): ChatChunk {
    return contract.heartbeatChunk()
  }

  protected placeholderContract(): ChatContract {
    const contract = new ChatContract({ label: 'sluice' })
    return withIdentity(contract, `chatcmpl-${this.requestId}`, this.model)
  }
}
