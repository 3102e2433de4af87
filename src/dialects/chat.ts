/** OpenAI's chat completions: chunks travel in this dialect, so that it translates nothing. */
import type { StreamEncoder } from '../stream/response.ts'
import type { ChatChunk } from '../wire/chat.ts'
import { ChunkWriter } from '../wire/chunk-writer.ts'
import { ChatContract } from '../wire/contract.ts'
import { DONE_FRAME, frame } from '../wire/sse.ts'

/** `requestId` and `model` stand in where a stream fails before the engine named itself. */
export function chatEncoder(requestId: string, model: string): StreamEncoder {
  const writer = new ChunkWriter()
  return {
    chunks: (chunks) => chunks.map((chunk) => writer.write(chunk)).join(''),
    done: () => DONE_FRAME,
    error: (error) => frame(JSON.stringify(error)),
    // Without a blank line: a whole empty event makes openai-python and others parse its no data.
    ping: (progress) => (progress === undefined ? ': ping\n' : `: ${oneLine(progress)}\n`),
    tellsProgress: true,
    // Clients that split at blank lines lose the event behind a comment: this one harms nobody.
    opening: (stream) => encode((stream?.contract ?? unnamed(requestId, model)).roleChunk()),
    quiet: (stream) => encode(stream.contract.quietChunk()),
  }
}

/** Nothing in a comment's text may end the comment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200)
}

function encode(chunk: ChatChunk): string {
  return frame(JSON.stringify(chunk))
}

function unnamed(requestId: string, model: string): ChatContract {
  const contract = new ChatContract({ label: 'sluice' })
  contract.id = `chatcmpl-${requestId}`
  contract.model = model
  contract.created = Math.floor(Date.now() / 1000)
  return contract
}
