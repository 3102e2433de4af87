import type { StreamEncoder } from '../../stream/sse-response.ts'
import type { ChatChunk, ChunkDelta, FinishReason, Usage } from '../../wire/chat/request.ts'
import { toMessageUsage } from '../../wire/messages/answer.ts'
import { messagesError } from '../../wire/messages/error.ts'
import { progressComment } from '../progress-comment.ts'
import { type AnswerContext, emptyMessage, stopFields } from './answer.ts'
import { eventFrame } from './events.ts'
import { MessageOutput } from './output.ts'

const PING = eventFrame({ type: 'ping' })

/** Writes a chat stream as the events of a message; of a forwarded stream only missing events. */
export function messagesEncoder(asked: AnswerContext, requestId: string): StreamEncoder {
  const writer = new MessageWriter(asked)
  return {
    chunks: (chunks) => chunks.map((chunk) => writer.write(chunk)).join(''),
    done: () => writer.finish(),
    error: (error, docs) => eventFrame({ ...messagesError(error, requestId, docs) }),
    reportsProgress: true,
    // The API allows a ping at any time, even before message_start. A client that loses an event behind a
    // comment loses a ping.
    ping: (progress) => (progress === undefined ? PING : progressComment(progress) + PING),
    opening: () => '',
    idle: () => PING,
  }
}

/** Writes one stream. */
class MessageWriter {
  readonly #asked: AnswerContext
  readonly #blocks: MessageOutput
  #hasStarted = false
  #hasRefused = false
  #reason: FinishReason | undefined
  #matchedStops: unknown[] = []
  #usage: Usage | undefined

  constructor(asked: AnswerContext) {
    this.#asked = asked
    this.#blocks = new MessageOutput(asked.newCallId)
  }

  write(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage
    const choice = chunk.choices.find(({ index }) => index === 0)
    if (choice === undefined) return ''
    const frames = this.#start(chunk) + this.#writeDelta(choice.delta)
    if (choice.finish_reason === null || choice.finish_reason === undefined) return frames
    this.#reason = choice.finish_reason
    this.#matchedStops = [choice.stop_reason, choice.matched_stop]
    return frames + this.#blocks.finish()
  }

  /** Empty if no chunk came: then the stream was forwarded. */
  finish(): string {
    if (this.#reason === undefined) return ''
    const { hasCalls } = this.#blocks
    const ended = { hasCalls, hasRefused: this.#hasRefused, matchedStops: this.#matchedStops }
    const delta = { ...stopFields(this.#reason, ended, this.#asked.stopSequences), container: null }
    const usage = toMessageUsage(this.#usage)
    return (
      eventFrame({ type: 'message_delta', delta, usage }) + eventFrame({ type: 'message_stop' })
    )
  }

  #start({ model }: ChatChunk): string {
    if (this.#hasStarted) return ''
    this.#hasStarted = true
    return eventFrame({ type: 'message_start', message: emptyMessage(this.#asked, model) })
  }

  #writeDelta({ content, refusal, tool_calls: calls, ...delta }: ChunkDelta): string {
    const thought = delta.reasoning_content ?? delta.reasoning
    let frames = thought ? this.#blocks.writeText('thinking', thought) : ''
    if (content) frames += this.#blocks.writeText('text', content)
    if (refusal) {
      this.#hasRefused = true
      frames += this.#blocks.writeText('text', refusal)
    }
    for (const call of calls ?? []) frames += this.#blocks.writeToolCall(call)
    return frames
  }
}
