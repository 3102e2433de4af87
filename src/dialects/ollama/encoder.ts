/** Writes the chunks of a chat or of a text completion as the lines of Ollama's API. */
import type { AnyContract } from '../../stream/chat-stream.ts'
import type { StreamEncoder } from '../../stream/sse-response.ts'
import type { ChatChunk, FinishReason, Usage } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import type { TextContract } from '../../wire/contract/completions.ts'
import { line } from '../../wire/ndjson/lines.ts'
import { NDJSON } from '../../wire/ollama/answer.ts'
import { ollamaError } from '../../wire/ollama/error.ts'
import { PartialToolCall } from '../partial-tool-call.ts'
import {
  type AnswerPart,
  answeredCalls,
  endedAnswer,
  type OllamaAnswerContext,
  openAnswer,
} from './answer.ts'

/** For the chunks of a chat. Of a stream that is forwarded it writes only heartbeats and the error. */
export function chatEncoder(asked: OllamaAnswerContext): StreamEncoder {
  const writer = new AnswerWriter(asked)
  return {
    ...shared<AnyContract>(asked, writer),
    chunks: (chunks) => chunks.map((chunk) => writer.writeChat(chunk)).join(''),
  }
}

/** For the chunks of a text completion. */
export function textEncoder(asked: OllamaAnswerContext): StreamEncoder<TextContract> {
  const writer = new AnswerWriter(asked)
  return {
    ...shared<AnyContract>(asked, writer),
    chunks: (chunks) => chunks.map((chunk) => writer.writeText(chunk)).join(''),
  }
}

/**
 * A heartbeat is a line without content, which all clients take for an empty piece; ollama-python would
 * fail at an empty line.
 */
function shared<C extends AnyContract>(asked: OllamaAnswerContext, writer: AnswerWriter) {
  const heartbeat = () => line(openAnswer(asked, writer.model, {}))
  return {
    contentType: NDJSON,
    done: () => writer.finish(),
    error: (error) => line(ollamaError(error)),
    ping: heartbeat,
    opening: () => '',
    idle: heartbeat,
  } satisfies Omit<StreamEncoder<C>, 'chunks'>
}

/** Writes one stream. */
class AnswerWriter {
  /** The model that the engine named. */
  model = ''
  readonly #asked: OllamaAnswerContext
  /** Calls by their index: they are written whole, in one line. */
  readonly #calls = new Map<number, PartialToolCall>()
  #reason: FinishReason | undefined
  #usage: Usage | undefined
  #timings: unknown
  #firstAt: number | undefined

  constructor(asked: OllamaAnswerContext) {
    this.#asked = asked
  }

  writeChat(chunk: ChatChunk): string {
    const choice = chunk.choices.find(({ index }) => index === 0)
    this.#note(chunk)
    if (choice === undefined) return ''
    const { delta, finish_reason: reason } = choice
    for (const piece of delta.tool_calls ?? []) this.#callAt(piece.index).add(piece)
    const { content, refusal } = delta
    const written = this.#write({
      content: refusal ? `${content ?? ''}${refusal}` : content,
      thinking: delta.reasoning_content ?? delta.reasoning,
      logprobs: choice.logprobs?.content,
    })
    return reason ? written + this.#end(reason) : written
  }

  writeText(chunk: TextChunk): string {
    const choice = chunk.choices.find(({ index }) => index === 0)
    this.#note(chunk)
    if (choice === undefined) return ''
    const written = this.#write({ content: choice.text })
    return choice.finish_reason ? written + this.#end(choice.finish_reason) : written
  }

  /** Empty if no chunk came: then the stream was forwarded. */
  finish(): string {
    const reason = this.#reason
    if (reason === undefined) return ''
    const ended = {
      reason,
      usage: this.#usage,
      timings: this.#timings,
      firstAt: this.#firstAt,
    }
    return line(endedAnswer(this.#asked, this.model, {}, ended))
  }

  /** Keeps what a chunk tells besides its content. */
  #note({ model, usage, timings }: ChatChunk | TextChunk): void {
    if (model) this.model = model
    if (usage) this.#usage = usage
    if (timings) this.#timings = timings
  }

  #write(part: AnswerPart): string {
    if (!part.content && !part.thinking && !part.logprobs?.length) return ''
    this.#firstAt ??= performance.now()
    return line(openAnswer(this.#asked, this.model, part))
  }

  #callAt(index: number): PartialToolCall {
    this.#firstAt ??= performance.now()
    let call = this.#calls.get(index)
    if (call === undefined) {
      call = new PartialToolCall()
      this.#calls.set(index, call)
    }
    return call
  }

  /** Writes the calls, which are complete now. Throws an `ApiError` (502) if one is not. */
  #end(reason: FinishReason): string {
    this.#reason = reason
    const made = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call)
    const calls = answeredCalls(
      made.map(({ id, name, argumentsText }) => {
        return { id, function: { name, arguments: argumentsText } }
      }),
      reason,
      this.#asked,
    )
    return calls.length === 0 ? '' : line(openAnswer(this.#asked, this.model, { calls }))
  }
}
