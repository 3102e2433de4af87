/** A chat's answer, told as the events of a response, or as the response itself. */
import type { StreamEncoder } from '../../stream/sse-response.ts'
import { isObject } from '../../util/object.ts'
import type {
  ChatChunk,
  ChatCompletion,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../wire/chat/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { OutputItem, ResponseEvent, ResponseObject } from '../../wire/responses/request.ts'
import { seconds, toUsage } from './answer.ts'
import { EventWriter } from './events.ts'
import { toLogprobs } from './logprobs.ts'
import { type OutputOptions, ResponseOutput } from './output.ts'

export interface ResponseEncoderOptions extends Omit<OutputOptions, 'key'> {
  /** The response, of which nothing is said yet; it grows as the answer does. */
  response: ResponseObject
  /** What the engine counted, known when it has said all. */
  usage: () => Usage | undefined
  /** Told of the response before its first event goes out, and before its last one does. */
  onChange?: ((response: ResponseObject) => void) | undefined
}

/** The events that end a stream of an upstream that speaks the API itself. */
const ENDS = new Set([
  ...['response.completed', 'response.incomplete'],
  ...['response.failed', 'response.cancelled'],
])

/** Characters of the longest answer: all of it is told again at the end. */
const MAX_LENGTH = 32 * 1024 * 1024

export class ResponseEncoder implements StreamEncoder {
  readonly response: ResponseObject
  readonly events = new EventWriter()
  readonly #options: ResponseEncoderOptions
  readonly #output: ResponseOutput
  #isAnnounced = false
  #isEnded = false
  /** Whether an upstream's own `error` event was passed on. */
  #isErrorTold = false
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
      this.#tell('response.in_progress')
    }
    for (const chunk of chunks) this.#take(chunk)
    return this.events.take()
  }

  /** Nothing where the end was adopted. */
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

  /** Nothing where the end was adopted. */
  error(error: ApiError): string {
    if (this.#isEnded) return ''
    this.#fail('failed', error)
    return this.events.take()
  }

  /** It was cancelled: whoever still listens learns it, as there is no event of that name, by a failure. */
  cancel(): void {
    if (!this.#isAnnounced) return
    this.#fail('cancelled', new ApiError(499, 'The response was cancelled.', { code: 'cancelled' }))
    this.response.error = null
  }

  /** The API has no ping: an event that says nothing new stands for one. */
  ping(): string {
    if (this.#isAnnounced) {
      this.events.writeQuiet(() => this.#tell(`response.${this.response.status}`))
    }
    this.#announce()
    return this.events.take()
  }

  opening(): string {
    return ''
  }

  idle(): string {
    return this.ping()
  }

  /** The response that tells a whole answer. */
  whole(completion: ChatCompletion): ResponseObject {
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
   * Makes an event of an upstream that speaks the API itself one of this stream, in place. False:
   * it is told already.
   */
  adopt(event: ResponseEvent): boolean {
    const { type, response } = event
    if (isObject(response)) {
      const isEnd = ENDS.has(type)
      this.#adoptState(response, isEnd)
      event.response = this.response
      if (type === 'response.created' && this.#isAnnounced) return false
      if (!this.#isAnnounced || isEnd) this.#options.onChange?.(this.response)
      this.#isAnnounced = true
      this.#isEnded = isEnd
    }
    this.#isErrorTold ||= type === 'error'
    const { output_index: index, item } = event
    const isItem = type.startsWith('response.output_item.') && isObject(item)
    if (isItem) this.response.output[index as number] = item as unknown as OutputItem
    event.sequence_number = this.events.number()
    this.events.passed(event)
    return true
  }

  /** Makes a whole response of such an upstream this one, in place. */
  adoptWhole(response: Record<string, unknown>): void {
    this.#options.onChange?.(this.response)
    this.#adoptState(response, true)
    Object.assign(response, this.response)
    this.#options.onChange?.(this.response)
  }

  /** Whose it is, and what it goes on from, is for this side to say; its output comes in items. */
  #adoptState(told: Record<string, unknown>, isEnd: boolean): void {
    const { id, previous_response_id, background, store, output } = this.response
    Object.assign(this.response, told, { id, previous_response_id, background, store })
    if (!isEnd) this.response.output = output
  }

  #take(chunk: ChatChunk): void {
    if (typeof chunk.service_tier === 'string') this.response.service_tier = chunk.service_tier
    for (const { index, delta, finish_reason, logprobs } of chunk.choices) {
      if (index !== 0) continue
      this.#takeDelta(delta, logprobs)
      this.#finish = finish_reason ?? this.#finish
    }
  }

  #takeDelta(delta: ChunkDelta, logprobs: unknown): void {
    const output = this.#output
    const thought = this.#text(delta.reasoning_content) || this.#text(delta.reasoning)
    const said = this.#text(delta.content)
    const refused = this.#text(delta.refusal)
    if (thought !== '') output.think(thought)
    const tokens = toLogprobs(logprobs)
    if (said !== '' || tokens.length > 0) output.say(said, tokens)
    if (refused !== '') output.refuse(refused)
    for (const piece of delta.tool_calls ?? []) {
      this.#grow(JSON.stringify(piece).length)
      output.call(piece)
    }
    // The old form of a call, which there is one of at most.
    if (delta.function_call) output.call({ index: -1, function: delta.function_call })
  }

  #text(value: unknown): string {
    if (typeof value !== 'string') return ''
    this.#grow(value.length)
    return value
  }

  #grow(length: number): void {
    this.#length += length
    if (this.#length <= MAX_LENGTH) return
    const message = `${this.response.model} sent an answer longer than ${MAX_LENGTH} characters.`
    throw new ApiError(502, message, { code: 'upstream_invalid' })
  }

  #announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    this.#options.onChange?.(this.response)
    this.#tell('response.created')
    this.#tell(`response.${this.response.status}`)
  }

  #fail(status: 'failed' | 'cancelled', error: ApiError): void {
    this.#announce()
    this.response.status = status
    const { message, type, param } = error
    const code = error.code ?? type
    for (const item of this.response.output) {
      if (item.status === 'in_progress') item.status = 'incomplete'
    }
    this.response.error = { code, message, type, param }
    // Clients that know only one of the two: some end at the one, some pass over the other.
    const told = { code, message, param, error: { type, code, message, param } }
    if (!this.#isErrorTold) this.events.write('error', told)
    this.#end('response.failed')
  }

  #end(event: string): void {
    this.#isEnded = true
    this.response.usage = toUsage(this.#options.usage())
    this.#options.onChange?.(this.response)
    this.#tell(event)
  }

  #tell(event: string): void {
    this.events.write(event, { response: this.response })
  }
}

function incompleteReason(finish: FinishReason | null) {
  if (finish === 'length') return 'max_output_tokens' as const
  return finish === 'content_filter' ? ('content_filter' as const) : undefined
}
