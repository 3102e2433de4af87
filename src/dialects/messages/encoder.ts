import type { StreamEncoder } from '../../stream/sse-response.ts'
import type { ChatChunk, ChunkDelta, FinishReason, Usage } from '../../wire/chat/request.ts'
import { toMessageUsage } from '../../wire/messages/answer.ts'
import { messagesError } from '../../wire/messages/error.ts'
import { type AskedMessage, emptyMessage, stopOf } from './answer.ts'
import { BlockWriter, event } from './output.ts'

const PING = event({ type: 'ping' })

/** Tells a chat's stream as a message's events; of one that is forwarded only what is not in it. */
export function messagesEncoder(asked: AskedMessage, requestId: string): StreamEncoder {
  const writer = new MessageWriter(asked)
  return {
    chunks: (chunks) => chunks.map((chunk) => writer.write(chunk)).join(''),
    done: () => writer.finish(),
    error: (error) => event({ ...messagesError(error, requestId) }),
    // A ping may come at any time, even before the message.
    ping: () => PING,
    opening: () => '',
    idle: () => PING,
  }
}

/** Writes one stream. */
class MessageWriter {
  readonly #asked: AskedMessage
  readonly #blocks: BlockWriter
  #hasStarted = false
  #hasRefused = false
  #reason: FinishReason | undefined
  #matched: unknown[] = []
  #usage: Usage | undefined

  constructor(asked: AskedMessage) {
    this.#asked = asked
    this.#blocks = new BlockWriter(asked.newCallId)
  }

  write(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage
    const choice = chunk.choices.find(({ index }) => index === 0)
    if (choice === undefined) return ''
    const frames = this.#start(chunk) + this.#say(choice.delta)
    if (choice.finish_reason === null || choice.finish_reason === undefined) return frames
    this.#reason = choice.finish_reason
    this.#matched = [choice.stop_reason, choice.matched_stop]
    return frames + this.#blocks.finish()
  }

  /** Nothing where no chunk came: then the message was forwarded. */
  finish(): string {
    if (this.#reason === undefined) return ''
    const { hasCalls } = this.#blocks
    const ended = { hasCalls, hasRefused: this.#hasRefused, matched: this.#matched }
    const delta = { ...stopOf(this.#reason, ended, this.#asked.stops), container: null }
    const usage = toMessageUsage(this.#usage)
    return event({ type: 'message_delta', delta, usage }) + event({ type: 'message_stop' })
  }

  #start({ model }: ChatChunk): string {
    if (this.#hasStarted) return ''
    this.#hasStarted = true
    return event({ type: 'message_start', message: emptyMessage(this.#asked, model) })
  }

  #say({ content, refusal, tool_calls: calls, ...delta }: ChunkDelta): string {
    const thought = delta.reasoning_content ?? delta.reasoning
    let frames = thought ? this.#blocks.say('thinking', thought) : ''
    if (content) frames += this.#blocks.say('text', content)
    if (refusal) {
      this.#hasRefused = true
      frames += this.#blocks.say('text', refusal)
    }
    for (const call of calls ?? []) frames += this.#blocks.call(call)
    return frames
  }
}
