/**
 * The state machine of a Responses stream from an upstream with the same API. First `response.created`;
 * then items with consecutive indexes, each with an added event, deltas and a done event; then
 * `response.completed` or `response.incomplete`.
 *
 * Allowed: events of unknown types, the upstream's own errors, and items that are still open at the end.
 * Events are numbered again, because heartbeats of sluice's own need numbers too.
 */

import { isObject } from '../../util/object.ts'
import { utf8Length } from '../../util/utf8-length.ts'
import type { Usage } from '../chat/answer.ts'
import type { ApiError } from '../errors/api-error.ts'
import { EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import { fromResponseUsage, type ResponseEvent } from '../responses/answer.ts'
import { isEventName } from '../sse/sse.ts'
import { repairResponseUsage } from '../usage.ts'
import type { ContractOptions } from './chat.ts'
import type { ChunkAction, StreamContract, StreamEnd } from './contract.ts'
import { isItem, NO_REASON, reportedFailure } from './responses-answer.ts'
import { belongsToItem, ResponseIndexes } from './responses-indexes.ts'

type Fields = Record<string, unknown>

/** Merges an event into the client's stream, in place. Returns false if that stream already has it. */
export type MergeEvent = (event: ResponseEvent) => boolean

const FINAL_EVENTS = new Set(['response.completed', 'response.incomplete'])
const STATE_EVENTS = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  ...FINAL_EVENTS,
])
const FAILURE_EVENTS = new Set(['response.failed', 'response.cancelled'])

export class ResponsesContract implements StreamContract<ResponseEvent> {
  /** The number of deltas and items. */
  tokens = 0
  textLength = 0
  countsText = true
  usage: Usage | undefined
  finished = false
  readonly repaired = new Set<string>()
  readonly errors: EngineErrors
  readonly missing: ResponseEvent[] = []
  failure: ApiError | undefined
  readonly #merge: MergeEvent
  #hasBegun = false
  #hasEnded = false
  /** The number of items that were added, and the indexes of open items. */
  #items = 0
  readonly #open = new Set<number>()
  readonly #indexes = new ResponseIndexes()

  constructor(options: ContractOptions, adopt: MergeEvent) {
    this.errors = new EngineErrors(options)
    this.#merge = adopt
  }

  get isComplete(): boolean {
    return this.#hasEnded || this.failure !== undefined
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
    // vLLM's errors have types of their own.
    if (typeof type !== 'string' || !isEventName(type) || object === 'error') {
      const error = readError(value)
      throw error ? this.errors.failed(error) : this.errors.invalid('sent an event without a type')
    }
    if (type === 'error') return this.#report(value as ResponseEvent)
    if (FAILURE_EVENTS.has(type)) return this.#fail(value as ResponseEvent)
    if (this.failure !== undefined) throw this.failure
    if (type === 'response.created' && this.#hasBegun) {
      this.repaired.add('response')
      return 'drop'
    }
    // Events before the response that do not belong to it, such as `keepalive`, are dropped.
    if (!this.#hasBegun && !type.startsWith('response.')) return 'drop'
    if (STATE_EVENTS.has(type)) this.#checkState(type, value.response)
    else if (belongsToItem(type)) {
      if (this.#indexes.supply(type, value)) this.repaired.add('index')
      if ('output_index' in value) this.#checkItemEvent(type, value)
    }
    if (!this.#hasBegun) this.#begin(type)
    if (type.endsWith('.delta')) {
      this.tokens++
      // Sound is base64.
      const isText = typeof value.delta === 'string' && !type.endsWith('audio.delta')
      if (this.countsText && isText) this.textLength += utf8Length(String(value.delta))
    }
    if (!this.#merge(value as ResponseEvent)) return 'drop'
    return FINAL_EVENTS.has(type) ? 'last-changed' : 'changed'
  }

  /**
   * Supplies `response.created`, which SDKs expect first. Called after the check of the event: if that
   * fails, the client's stream has not started and another upstream may be tried.
   */
  #begin(type: string): void {
    this.#hasBegun = true
    if (type === 'response.created') return
    const created = { type: 'response.created', response: {} }
    this.repaired.add('response')
    if (this.#merge(created)) this.missing.push(created)
  }

  /** Forwards the upstream's error event with its own message; `response.failed` may follow. */
  #report(event: ResponseEvent): ChunkAction {
    const { message, code = null, param = null } = readError(event) ?? NO_REASON
    this.failure = this.errors.failed({ ...readError(event), message, code })
    if (!this.#hasBegun) throw this.failure
    // SDKs read these fields on the event; some upstreams send them inside `error`.
    for (const [name, value] of Object.entries({ message, code, param })) event[name] ??= value
    this.#mask(event)
    return this.#merge(event) ? 'changed' : 'drop'
  }

  #fail(event: ResponseEvent): ChunkAction {
    const { response } = event
    this.failure = reportedFailure(response, this.errors)
    if (!this.#hasBegun || !isObject(response)) throw this.failure
    this.#mask(response.error)
    return this.#merge(event) ? 'last-failed' : 'drop'
  }

  /** Removes the upstream's key and address from the message. */
  #mask(error: unknown): void {
    if (!isObject(error)) return
    if (typeof error.message === 'string') error.message = this.errors.redact(error.message)
    this.#mask(error.error)
  }

  end(ending: StreamEnd): ResponseEvent[] {
    if (this.failure !== undefined) throw this.failure
    if (!this.#hasEnded) {
      const seen = this.#hasBegun ? 'before the response was complete' : 'before response.created'
      if (ending === 'done') throw this.errors.unfinished('incomplete', `stopped ${seen}`)
      const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
      throw this.errors.unfinished('truncated', `${how} ${seen}`)
    }
    this.finished = true
    return []
  }

  #checkState(type: string, response: unknown): void {
    if (!isObject(response)) throw this.errors.invalid(`sent ${type} without a response`)
    if (!FINAL_EVENTS.has(type)) return
    if (!Array.isArray(response.output)) throw this.errors.invalid(`sent ${type} without output`)
    if (repairResponseUsage(response)) this.repaired.add('usage')
    this.usage = fromResponseUsage(response.usage)
    this.#hasEnded = true
    this.tokens++
  }

  #checkItemEvent(type: string, { output_index: index, item }: Fields): void {
    if (type === 'response.output_item.added') {
      if (!isItem(item)) throw this.errors.invalid('added an item without a type')
      if (index !== this.#items) {
        throw this.errors.invalid(`added item ${shown(index)} where ${this.#items} is next`)
      }
      this.#open.add(this.#items++)
      this.tokens++
      return
    }
    if (typeof index !== 'number' || !this.#open.has(index)) {
      throw this.errors.invalid(`sent ${type} for item ${shown(index)}, which is not open`)
    }
    if (type !== 'response.output_item.done') return
    if (!isItem(item)) throw this.errors.invalid('ended an item without its final content')
    this.#open.delete(index)
  }
}

function shown(index: unknown): string {
  return String(JSON.stringify(index)).slice(0, 20)
}
