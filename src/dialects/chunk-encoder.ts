/** The base of the encoders for OpenAI's chat and text completions, which write chunks as they are. */
import type { AnyContract, ChunkOf, LiveStream } from '../stream/chat-stream.ts'
import type { StreamEncoder } from '../stream/sse-response.ts'
import type { ApiError, DocLink } from '../wire/errors/api-error.ts'
import { DONE_FRAME, frame } from '../wire/sse/sse.ts'
import { progressComment } from './progress-comment.ts'

export abstract class ChunkEncoder<C extends AnyContract> implements StreamEncoder<C> {
  readonly reportsProgress = true
  protected readonly requestId: string
  protected readonly model: string

  /** Both stand in where a stream fails before the engine named itself. */
  constructor(requestId: string, model: string) {
    this.requestId = requestId
    this.model = model
  }

  abstract chunks(chunks: ChunkOf<C>[]): string
  /** The first chunk after a heartbeat comment; a client that loses it loses no content. */
  protected abstract openingChunk(contract: C): ChunkOf<C>
  /** A chunk without content as a heartbeat; undefined if even that could mislead a client. */
  protected abstract heartbeatChunk(contract: C): ChunkOf<C> | undefined
  /** The contract that is used if a stream fails before its first chunk. */
  protected abstract placeholderContract(): C

  done(): string {
    return DONE_FRAME
  }

  error(error: ApiError, docs?: DocLink): string {
    return frame(JSON.stringify(error.body(docs)))
  }

  ping(progress?: string): string {
    // Without a blank line: a whole empty event makes openai-python and others parse its no data.
    return progress === undefined ? ': ping\n' : progressComment(progress)
  }

  opening(stream: LiveStream<C> | undefined): string {
    // Clients that split at blank lines lose the event behind a comment.
    return encode(this.openingChunk(stream?.contract ?? this.placeholderContract()))
  }

  idle(stream: LiveStream<C>): string {
    const chunk = this.heartbeatChunk(stream.contract)
    return chunk === undefined ? '' : encode(chunk)
  }
}

/** Gives a stream that has no name yet one of ours. */
export function withIdentity<C extends { id: string; model: string; created: number }>(
  contract: C,
  id: string,
  model: string,
): C {
  return Object.assign(contract, { id, model, created: Math.floor(Date.now() / 1000) })
}

function encode(chunk: unknown): string {
  return frame(JSON.stringify(chunk))
}
