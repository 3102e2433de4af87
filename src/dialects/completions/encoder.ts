/** Writes OpenAI's text completions; engines send their chunks, so nothing is translated. */

import type { TextChunk } from '../../wire/completions/request.ts'
import { TextContract } from '../../wire/contract/completions.ts'
import { frame } from '../../wire/sse/sse.ts'
import { ChunkEncoder, withIdentity } from '../chunk-encoder.ts'

export class CompletionEncoder extends ChunkEncoder<TextContract> {
  chunks(chunks: TextChunk[]): string {
    return chunks.map((chunk) => frame(JSON.stringify(chunk))).join('')
  }

  protected openingChunk(contract: TextContract): TextChunk {
    return contract.emptyChunk()
  }

  protected heartbeatChunk(contract: TextContract): TextChunk | undefined {
    return contract.heartbeatChunk()
  }

  protected placeholderContract(): TextContract {
    return withIdentity(new TextContract({ label: 'sluice' }), `cmpl-${this.requestId}`, this.model)
  }
}
