/** How OpenAI's own streams are told, whose chunks are written as they travel. */
import type { AnyContract, ChunkOf } from '../stream/chat-stream.ts'
import type { StreamEncoder } from '../stream/response.ts'
import { DONE_FRAME, frame } from '../wire/sse.ts'

export interface ChunkWords<C extends AnyContract> {
  write(chunk: ChunkOf<C>): string
  /** A chunk whose loss harms nobody. */
  opening(contract: C): ChunkOf<C>
  /** A chunk that says nothing; undefined where even that would harm. */
  quiet(contract: C): ChunkOf<C> | undefined
  /** What stands in where a stream fails before the engine named itself. */
  unnamed(): C
}

export function chunkEncoder<C extends AnyContract>(words: ChunkWords<C>): StreamEncoder<C> {
  return {
    chunks: (chunks) => {
      let text = ''
      for (const chunk of chunks) text += words.write(chunk)
      return text
    },
    done: () => DONE_FRAME,
    error: (error) => frame(JSON.stringify(error)),
    // Without a blank line: a whole empty event makes openai-python and others parse its no data.
    ping: (progress) => (progress === undefined ? ': ping\n' : `: ${oneLine(progress)}\n`),
    tellsProgress: true,
    // Clients that split at blank lines lose the event behind a comment.
    opening: (stream) => encode(words.opening(stream?.contract ?? words.unnamed())),
    quiet: (stream) => {
      const chunk = words.quiet(stream.contract)
      return chunk === undefined ? '' : encode(chunk)
    },
  }
}

/** Gives a stream that has no name yet one of ours. */
export function named<C extends { id: string; model: string; created: number }>(
  contract: C,
  id: string,
  model: string,
): C {
  return Object.assign(contract, { id, model, created: Math.floor(Date.now() / 1000) })
}

/** Nothing in a comment's text may end the comment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200)
}

function encode(chunk: unknown): string {
  return frame(JSON.stringify(chunk))
}
