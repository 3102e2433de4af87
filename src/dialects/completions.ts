/** OpenAI's text completions, whose chunks travel in this dialect. */
import type { StreamEncoder } from '../stream/response.ts'
import { frame } from '../wire/sse.ts'
import { TextContract } from '../wire/text-contract.ts'
import { chunkEncoder, named } from './chunk-encoder.ts'

/** `requestId` and `model` stand in where a stream fails before the engine named itself. */
export function textEncoder(requestId: string, model: string): StreamEncoder<TextContract> {
  return chunkEncoder<TextContract>({
    write: (chunk) => frame(JSON.stringify(chunk)),
    opening: (contract) => contract.emptyChunk(),
    quiet: (contract) => contract.quietChunk(),
    unnamed: () => named(new TextContract({ label: 'sluice' }), `cmpl-${requestId}`, model),
  })
}
