/** Writes a chat's answer as the events of a response, or as the response object. */
import type { StreamEncoder } from '../../stream/sse-response.ts'
import { isObject } from '../../util/object.ts'
import type {
  ChatChunk,
  ChatCompletion,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../wire/chat/request.ts'
import { ApiError, type DocLink } from '../../wire/errors/api-error.ts'
import type { OutputItem, ResponseEvent, ResponseObject } from '../../wire/responses/request.ts'
import { progressComment } from '../progress-comment.ts'
import { seconds, toUsage } from './answer.ts'
import { EventWriter } from './events.ts'
import { toLogprobs } from './logprobs.ts'
import { type OutputOptions, ResponseOutput } from './output.ts'

export interface ResponseEncoderOptions extends Omit<OutputOptions, 'key'> {
  /** The response without output; the encoder fills it as the answer arrives. */
  response: ResponseObject
  /** The engine's token counts, read when its answer has ended. */
  usage: () => Usage | undefined
  /** Called with the response before its first event and before its last event are sent. */
  onChange?: ((response: ResponseObject) => void) | undefined
}

/** The events that end a stream of an upstream with the same API. */
const FINAL_EVENTS = new Set([
  ...['response.completed', 'response.incomplete'],
  ...['response.failed', 'response.cancelled'],
])

/** The most characters of an answer: all of it stays in memory, because the last event repeats it. */
const MAX_LENGTH = 32 * 1024 * 1024

export class ResponseEncoder implements StreamEncoder {
  readonly reportsProgress = true
  readonly response: ResponseObject
  readonly events = new EventWriter()
  readonly #options: ResponseEncoderOptions
  readonly #output: ResponseOutput
  #isAnnounced = false
  #isEnded = false
  /** Whether an upstream's own `error` event was passed on. */
  #hasSentError = false
  #finish: FinishReason | null = null
  #length = 0

  constructor(options: ResponseEncoderOptions) {
    this.#options = options
    const { response } = options
    this.response = response
    const key = response.id.slice('resp_'.length)
    this.#output = new ResponseOutput(this.events, { ...options, key })
    response.output = this.#output.items
  }

  chunks(chunks: ChatChunk[]): string {
    if (!this.#isAnnounced) {
      this.response.model = chunks.find(({ model }) => model)?.model ?? this.response.model
    }
    this.#announce()
    if (this.response.status === 'queued') {
      this.response.status = 'in_progress'
      this.#writeState('response.in_progress')
    }
    for (const chunk of chunks) this.#writeChunk(chunk)
    return this.events.take()
  }

  /** Empty if the upstream's own last event was merged. */
  done(): string {
    if (this.#isEnded) return ''
    this.#announce()
    const { response } = this
    const reason = incompleteReason(this.#finish)
    response.incomplete_details = reason === undefined ? null : { reason }
    response.status = reason === undefined ? 'completed' : 'incomplete'
    this.#output.close(response.status)
    response.completed_at = reason === undefined ? seconds() : null
    this.#end(`response.${response.status}`)
    return this.events.take()
  }

  /** Empty if the upstream's own last event was merged. */
  error(error: ApiError, docs?: DocLink): string {
    if (this.#isEnded) return ''
    this.#fail('failed', error, docs)
    return this.events.take()
  }

  /** Ends a cancelled response. The API has no event for that, so readers get response.failed. */
  cancel(): void {
    this.#fail('cancelled', new ApiError(499, 'The response was cancelled.', { code: 'cancelled' }))
    this.response.error = null
  }

  /**
   * The API has no ping, so an event without new content is the heartbeat. Progress is a comment before
   * it: a client that loses an event behind a comment loses one that repeats the response's state.
   */
  ping(progress?: string): string {
    this.#announce()
    const announcement = this.events.take()
    if (announcement !== '' && progress === undefined) return announcement
    this.events.writeHeartbeat(() => this.#writeState(`response.${this.response.status}`))
    const heartbeat = this.events.take()
    const comment = progress === undefined || heartbeat === '' ? '' : progressComment(progress)
    return announcement + comment + heartbeat
  }

  opening(): string {
    return ''
  }

  idle(): string {
    return this.ping()
  }

  /** The response for a completion that was not streamed. */
  answer(completion: ChatCompletion): ResponseObject {
    const choices = completion.choices.map(({ index, message, finish_reason, logprobs }) => {
      const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
      const tool_calls = calls.map((call, at) => ({ ...call, index: at }))
      const delta = { ...message, tool_calls } as ChunkDelta
      return { index, delta, finish_reason, logprobs: logprobs ?? null }
    })
    this.events.isMuted = true
    this.chunks([{ ...completion, object: 'chat.completion.chunk', choices }])
    this.done()
    return this.response
  }

  /**
   * Merges an event of an upstream with the same API into this stream, in place: id and sequence number
   * are those of this response. Returns false if this stream already has the event.
   */
  mergeEvent(event: ResponseEvent): boolean {
    const { type, response } = event
    if (isObject(response)) {
      const isEnd = FINAL_EVENTS.has(type)
      this.#mergeState(response, isEnd)
      event.response = this.response
      if (type === 'response.created' && this.#isAnnounced) return false
      if (!this.#isAnnounced || isEnd) this.#options.onChange?.(this.response)
      this.#isAnnounced = true
      this.#isEnded = isEnd
    }
    this.#hasSentError ||= type === 'error'
    const { output_index: index, item } = event
    const isItem = type.startsWith('response.output_item.') && isObject(item)
    if (isItem) this.response.output[index as number] = item as unknown as OutputItem
    event.sequence_number = this.events.number()
    this.events.note(event)
    return true
  }

  /** Merges a response that such an upstream did not stream into this one, in place. */
  mergeResponse(response: Record<string, unknown>): void {
    this.#options.onChange?.(this.response)
    this.#mergeState(response, true)
    Object.assign(response, this.response)
    this.#options.onChange?.(this.response)
  }

  /** Id, previous response and storage are sluice's own; the output is collected from the items. */
  #mergeState(told: Record<string, unknown>, isEnd: boolean): void {
    const { id, previous_response_id, background, store, output } = this.response
    Object.assign(this.response, told, { id, previous_response_id, background, store })
    if (!isEnd) this.response.output = output
  }

  #writeChunk(chunk: ChatChunk): void {
    if (typeof chunk.service_tier === 'string') this.response.service_tier = chunk.service_tier
    for (const { index, delta, finish_reason, logprobs } of chunk.choices) {
      if (index !== 0) continue
      this.#writeDelta(delta, logprobs)
      this.#finish = finish_reason ?? this.#finish
    }
  }

  #writeDelta(delta: ChunkDelta, logprobs: unknown): void {
    const output = this.#output
    const thought = this.#text(delta.reasoning_content) || this.#text(delta.reasoning)
    const said = this.#text(delta.content)
    const refused = this.#text(delta.refusal)
    if (thought !== '') output.writeReasoning(thought)
    const tokens = toLogprobs(logprobs)
    if (said !== '' || tokens.length > 0) output.writeText(said, tokens)
    if (refused !== '') output.writeRefusal(refused)
    for (const piece of delta.tool_calls ?? []) {
      this.#countLength(JSON.stringify(piece).length)
      output.writeToolCall(piece)
    }
    // The deprecated form of a call, of which there is at most one.
    if (delta.function_call) output.writeToolCall({ index: -1, function: delta.function_call })
  }

  #text(value: unknown): string {
    if (typeof value !== 'string') return ''
    this.#countLength(value.length)
    return value
  }

  #countLength(length: number): void {
    this.#length += length
    if (this.#length <= MAX_LENGTH) return
    const message = `${this.response.model} sent an answer of more than ${MAX_LENGTH} characters, the most that a response may hold; set a lower max_output_tokens.`
    throw new ApiError(502, message, { code: 'upstream_invalid' })
  }

  #announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    this.#options.onChange?.(this.response)
    this.#writeState('response.created')
    this.#writeState(`response.${this.response.status}`)
  }

  #fail(status: 'failed' | 'cancelled', error: ApiError, docs?: DocLink): void {
    this.#announce()
    this.response.status = status
    const { message, type, param } = error
    const code = error.code ?? type
    for (const item of this.response.output) {
      if (item.status === 'in_progress') item.status = 'incomplete'
    }
    const link = error.docUrl(docs)
    this.response.error = { code, message, type, param, ...link }
    // Some clients read `error`, others response.failed, so both are sent.
    const told = { code, message, param, error: { type, code, message, param, ...link } }
    if (!this.#hasSentError) this.events.write('error', told)
    this.#end('response.failed')
  }

  #end(event: string): void {
    this.#isEnded = true
    this.response.usage = toUsage(this.#options.usage())
    this.#options.onChange?.(this.response)
    this.#writeState(event)
  }

  #writeState(event: string): void {
    this.events.write(event, { response: this.response })
  }
}

function incompleteReason(finish: FinishReason | null) {
  if (finish === 'length') return 'max_output_tokens' as const
  return finish === 'content_filter' ? ('content_filter' as const) : undefined
}
