/** How an engine is asked for a stream, and how that is sent. */
import type { Attempt } from '../engines/pool/pool.ts'
import type { AnyContract, OpenedStream } from '../stream/chat-stream.ts'
import type { StreamEncoder, streamResponse } from '../stream/sse-response.ts'

export interface StreamAnswering {
  /** Asks one engine, and opens its stream. */
  open: Attempt<OpenedStream<AnyContract>>
  encoder: StreamEncoder<AnyContract>
  /** The id of the answer, where the API gives it one under which it is found again. */
  id?: string
  /** What the API writes last into a stream that is cancelled, where that differs from an error. */
  lastWords?: () => string
  /** Sends the stream with `stream`, or in a way of its own. */
  send?: (
    stream: SendStream,
    ...args: Parameters<typeof streamResponse<AnyContract>>
  ) => Promise<Response>
}

/** Sends a stream as the response. */
export type SendStream = typeof streamResponse<AnyContract>
