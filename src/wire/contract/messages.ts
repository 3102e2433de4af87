/**
 * The state machine of a Messages stream from an upstream with the same API. First `message_start`; then
 * blocks with consecutive indexes, each with a start, deltas and a stop; then `message_delta` with the
 * stop reason, and `message_stop`.
 *
 * Allowed: missing pings, events of unknown types, several `message_delta`s, and several open blocks:
 * llama-server stops all of them at the end, and clients use the index. A missing `message_start` and
 * missing `content_block_stop` events are supplied.
 */

import { isObject } from '../../util/object.ts'
import { utf8Length } from '../../util/utf8-length.ts'
import type { Usage } from '../chat/answer.ts'
import type { ApiError } from '../errors/api-error.ts'
import { EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import { fromMessageUsage, type MessageEvent, NOT_STOPPED } from '../messages/answer.ts'
import { isEventName } from '../sse/sse.ts'
import { isTokenCount, repairMessageUsage } from '../usage.ts'
import type { ContractOptions } from './chat.ts'
import type { ChunkAction, StreamContract, StreamEnd } from './contract.ts'
import { canEndWithoutReason, type FinishRule } from './finish-reason.ts'
import { MessageBlocks } from './messages-blocks.ts'

type Fields = Record<string, unknown>

/** The fields of the message in `message_start`; vLLM leaves most of them out. */
const MESSAGE_DEFAULTS: Fields = {
  type: 'message',
  role: 'assistant',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 0, output_tokens: 0 },
}

/** The events that must follow `message_start`. */
const MESSAGE_EVENTS = new Set([
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
])

/** The text field of each type of delta. */
const DELTA_FIELDS: Record<string, string> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
  signature_delta: 'signature',
}

export class MessagesContract implements StreamContract<MessageEvent> {
  /** The number of deltas and blocks. */
  tokens = 0
  textLength = 0
  countsText = true
  usage: Usage | undefined
  finished = false
  readonly repaired = new Set<string>()
  readonly errors: EngineErrors
  readonly failure = undefined
  readonly missing: MessageEvent[] = []
  readonly #finishReason: FinishRule | undefined
  /** The client's name of the model. */
  readonly #model: string
  #hasStarted = false
  #id: unknown
  #hasStopped = false
  /** Whether `message_stop` was passed on. */
  #hasSentStop = false
  #stopReason: string | undefined
  readonly #blocks: MessageBlocks
  /** The token counts so far; later ones replace earlier ones. */
  #counts: Fields = {}

  constructor(options: ContractOptions, model = '') {
    this.#model = model
    this.errors = new EngineErrors(options)
    this.#finishReason = options.finishReason
    this.#blocks = new MessageBlocks(canEndWithoutReason(options.finishReason, true))
  }

  get isComplete(): boolean {
    return this.#stopReason !== undefined || this.#hasStopped
  }

  /** Not called: every event of this API is parsed. */
  countProven(): void {}

  check(value: unknown): ChunkAction {
    if (value === null) {
      this.repaired.add('null')
      return 'drop'
    }
    if (!isObject(value)) throw this.errors.invalid('sent an event that is not a JSON object')
    const { type, object } = value
    const isTyped = typeof type === 'string' && isEventName(type)
    // vLLM's errors have types of their own and `object: "error"`. Events of other types may have fields
    // named error or detail.
    if (!isTyped || type === 'error' || object === 'error') throw this.#failed(value)
    if (type === 'ping') return 'drop'
    if (type === 'message_start') return this.#start(value)
    if (!this.#hasStarted && MESSAGE_EVENTS.has(type)) this.#supplyStart()
    if (type === 'content_block_start') return this.#startBlock(value)
    if (type === 'content_block_delta') return this.#checkDelta(value)
    if (type === 'content_block_stop') return this.#stopBlock(value)
    if (type === 'message_delta') return this.#checkMessageDelta(value)
    if (type === 'message_stop') return this.#stop()
    return 'same'
  }

  end(ending: StreamEnd): MessageEvent[] {
    const owed: MessageEvent[] = []
    if (this.#stopReason === undefined) {
      const isEnd = ending === 'done' || this.#hasStopped
      if (!isEnd || !this.#canEndWithoutReason) throw this.#unfinished(ending)
      owed.push(...this.#closeBlocks())
      const delta = {
        ...NOT_STOPPED,
        stop_reason: this.#blocks.hasCalls ? 'tool_use' : 'end_turn',
      }
      owed.push({ type: 'message_delta', delta, usage: this.#counted })
      this.usage = fromMessageUsage(this.#counts)
      this.repaired.add('stop_reason')
    }
    if (!this.#hasStopped) this.repaired.add('done')
    if (!this.#hasSentStop) owed.push({ type: 'message_stop' })
    this.finished = true
    return owed
  }

  #start(event: Fields): ChunkAction {
    const { message } = event
    if (!isObject(message)) throw this.errors.invalid('sent message_start without a message')
    if (this.#hasStarted) return this.#startAgain(message)
    this.#hasStarted = true
    this.#id = message.id
    const isRepaired = this.#count(message)
    return this.#supplyFields(message, MESSAGE_DEFAULTS) || isRepaired ? 'changed' : 'same'
  }

  /** A repeated message_start is dropped; one with another id is an error. */
  #startAgain({ id }: Fields): ChunkAction {
    const isSame = this.#id === undefined || id === this.#id
    if (!isSame) throw this.errors.invalid('started a second message')
    this.repaired.add('message')
    return 'drop'
  }

  /** llama-server leaves it out if the first character takes several tokens, as an emoji does. */
  #supplyStart(): void {
    const id = `msg_${crypto.randomUUID().replaceAll('-', '')}`
    const message = { id, model: this.#model, ...structuredClone(MESSAGE_DEFAULTS) }
    this.missing.push({ type: 'message_start', message })
    this.repaired.add('message')
    this.#hasStarted = true
  }

  #startBlock({ index, content_block: block }: Fields): ChunkAction {
    if (!isObject(block) || typeof block.type !== 'string') {
      throw this.errors.invalid('started a block without a type')
    }
    if (this.#stopReason !== undefined)
      throw this.errors.invalid('started a block after the stop_reason')
    const next = this.#blocks.count
    if (index !== next) {
      throw this.errors.invalid(`started block ${shown(index)} where ${next} is next`)
    }
    this.#blocks.start(block.type, block)
    this.tokens++
    return 'same'
  }

  #checkDelta({ index, delta }: Fields): ChunkAction {
    if (!isObject(delta) || typeof delta.type !== 'string') {
      throw this.errors.invalid('sent a delta without a type')
    }
    const at = this.#requireOpen(index, 'continued')
    const field = DELTA_FIELDS[delta.type]
    if (field !== undefined && typeof delta[field] !== 'string') {
      throw this.errors.invalid(`sent a ${delta.type} whose ${field} is not a string`)
    }
    this.#blocks.addDelta(at, delta.type, field && delta[field])
    this.tokens++
    if (field !== undefined && this.countsText) this.textLength += utf8Length(String(delta[field]))
    return 'same'
  }

  #stopBlock({ index }: Fields): ChunkAction {
    this.#blocks.open.delete(this.#requireOpen(index, 'stopped'))
    return 'same'
  }

  #checkMessageDelta(event: Fields): ChunkAction {
    const { delta } = event
    if (!isObject(delta)) throw this.errors.invalid('sent message_delta without a delta')
    const isRepaired = this.#count(event)
    const { stop_reason: reason } = delta
    if (reason === null || reason === undefined || reason === '') {
      return isRepaired ? 'changed' : 'same'
    }
    if (typeof reason !== 'string')
      throw this.errors.invalid('sent a stop_reason that is not a string')
    if (this.#blocks.open.size > 0) {
      // max_tokens cut a tool call off: the SDKs accept the incomplete block.
      this.missing.push(...this.#closeBlocks())
      this.repaired.add('block')
    }
    this.#stopReason = reason
    this.#finishReason?.sent()
    this.tokens++
    this.usage = fromMessageUsage(this.#counts)
    const isSupplied = this.#supplyFields(event, { usage: this.#counted })
    return isSupplied || isRepaired ? 'changed' : 'same'
  }

  #stop(): ChunkAction {
    this.#hasStopped = true
    if (this.#stopReason !== undefined) {
      this.#hasSentStop = true
      return 'last'
    }
    // `end` supplies the missing message_delta before it.
    if (this.#canEndWithoutReason) return 'drop'
    throw this.#unfinished('done')
  }

  get #canEndWithoutReason(): boolean {
    const { isTruncated, hasContent } = this.#blocks
    return this.#hasStarted && !isTruncated && canEndWithoutReason(this.#finishReason, hasContent)
  }

  /** The answer's tokens; 0 if they are unknown, because clients expect a number. */
  get #counted(): Fields {
    return { output_tokens: this.#counts.output_tokens ?? 0 }
  }

  #closeBlocks(): MessageEvent[] {
    const open = [...this.#blocks.open]
    this.#blocks.open.clear()
    return open.map((index) => ({ type: 'content_block_stop', index }))
  }

  /** Supplies missing fields, which clients read without checking. Returns whether any was missing. */
  #supplyFields(fields: Fields, wanted: Fields): boolean {
    const missing = Object.keys(wanted).filter((name) => (fields[name] ?? null) === null)
    const changed = missing.filter((name) => fields[name] !== wanted[name])
    for (const name of changed) fields[name] = structuredClone(wanted[name])
    if (changed.length > 0) this.repaired.add('message')
    return changed.length > 0
  }

  #requireOpen(index: unknown, did: string): number {
    if (typeof index === 'number' && this.#blocks.open.has(index)) return index
    throw this.errors.invalid(`${did} block ${shown(index)}, which is not open`)
  }

  /** Adopts the counts of a message or an event, and repairs wrong ones. Returns whether any was. */
  #count(holder: Fields): boolean {
    const { usage } = holder
    if (isObject(usage)) {
      for (const [name, value] of Object.entries(usage)) {
        if (isTokenCount(value)) this.#counts[name] = value
      }
    }
    if (!repairMessageUsage(holder)) return false
    this.repaired.add('usage')
    return true
  }

  #failed(event: Fields): ApiError {
    const error = readError(event)
    if (error !== undefined) return this.errors.failed(error)
    return this.errors.invalid('sent an event without a type')
  }

  #unfinished(ending: StreamEnd): ApiError {
    const seen = this.#hasStarted ? 'before a stop_reason' : 'before message_start'
    if (ending === 'done') return this.errors.unfinished('incomplete', `stopped ${seen}`)
    const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
    return this.errors.unfinished('truncated', `${how} ${seen}`)
  }
}

function shown(index: unknown): string {
  return String(JSON.stringify(index)).slice(0, 20)
}
