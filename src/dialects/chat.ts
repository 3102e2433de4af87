/** OpenAI's chat completions: chunks travel in this dialect, so that it translates nothing. */
import type { StreamEncoder } from '../stream/response.ts'
import { ChunkWriter } from '../wire/chunk-writer.ts'
import { ChatContract } from '../wire/contract.ts'
import { chunkEncoder, named } from './chunk-encoder.ts'

/** `requestId` and `model` stand in where a stream fails before the engine named itself. */
export function chatEncoder(requestId: string, model: string): StreamEncoder {
  const writer = new ChunkWriter()
  return chunkEncoder({
    write: (chunk) => writer.write(chunk),
    opening: (contract) => contract.roleChunk(),
    quiet: (contract) => contract.quietChunk(),
    unnamed: () => named(new ChatContract({ label: 'sluice' }), `chatcmpl-${requestId}`, model),
  })
}
