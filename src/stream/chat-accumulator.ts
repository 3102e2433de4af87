/** Accumulates a stream into one completion, for `stream: false`. */

import { isObject } from '../util/object.ts'
import type {
  ChatChunk,
  ChatCompletion,
  ChunkChoice,
  CompletionChoice,
  ToolCallDelta,
} from '../wire/chat/request.ts'
import type { AnyContract, ChunkOf, ChunkStream } from './chat-stream.ts'

export type ChunkFields = Record<string, unknown>

/** The most deltas of one answer: a completion without end must not exhaust the memory. */
const MAX_DELTAS = 1_000_000

/** Accumulates the chunks of one API. */
export interface Accumulator<T> {
  add(chunk: T): void
  completion(): unknown
}

/**
 * Reads a stream to its end as one completion. Calls `onBatch` after each batch. Rejects with the
 * `ApiError` that ended the stream, or with one (502) where it has more than `maxDeltas` deltas.
 */
export async function collectStream<C extends AnyContract>(
  stream: ChunkStream<C>,
  accumulator: Accumulator<ChunkOf<C>>,
  onBatch: () => void,
  maxDeltas = MAX_DELTAS,
): Promise<unknown> {
  for (let batch = await stream.items.next(); !batch.done; batch = await stream.items.next()) {
    for (const chunk of batch.value) accumulator.add(chunk)
    onBatch()
    if (stream.contract.tokens <= maxDeltas) continue
    await stream.items.return?.()
    throw stream.contract.errors.invalid(
      `sent an answer of more than ${maxDeltas} deltas; set max_tokens or request a stream`,
    )
  }
  return accumulator.completion()
}

/** Accumulates chat chunks; unknown fields are preserved. */
export class ChatAccumulator implements Accumulator<ChatChunk> {
  readonly #envelope: ChunkFields = {}
  readonly #choices = new Map<number, ChoiceAccumulator>()

  add(chunk: ChatChunk): void {
    for (const choice of chunk.choices) this.#choiceOf(choice.index).add(choice)
    const { choices: _choices, ...envelope } = chunk
    for (const [key, value] of Object.entries(envelope)) {
      // Some servers send an empty id or model in their first chunk: a later value replaces it.
      if (value !== null && value !== '') setField(this.#envelope, key, value)
    }
  }

  completion(): ChatCompletion {
    const choices = [...this.#choices.values()].map((choice) => choice.completion())
    choices.sort((a, b) => a.index - b.index)
    const { usage, ...envelope } = this.#envelope
    return {
      ...envelope,
      object: 'chat.completion',
      choices,
      ...(usage !== undefined && { usage }),
    } as ChatCompletion
  }

  #choiceOf(index: number): ChoiceAccumulator {
    let choice = this.#choices.get(index)
    if (choice === undefined) {
      choice = new ChoiceAccumulator(index)
      this.#choices.set(index, choice)
    }
    return choice
  }
}

class ChoiceAccumulator {
  readonly #index: number
  readonly #message: ChunkFields = {}
  readonly #calls = new Map<number, ChunkFields>()
  readonly #otherFields: ChunkFields = {}
  #reason: unknown = null

  constructor(index: number) {
    this.#index = index
  }

  add(choice: ChunkChoice): void {
    const { index: _index, delta, finish_reason, ...rest } = choice
    const { role: _role, tool_calls, ...texts } = delta
    for (const [key, value] of Object.entries(texts))
      setField(this.#message, key, value, appendDelta)
    for (const call of tool_calls ?? []) this.#addCall(call)
    for (const [key, value] of Object.entries(rest))
      setField(this.#otherFields, key, value, appendToLists)
    this.#reason = finish_reason ?? this.#reason
  }

  completion(): CompletionChoice {
    const { content = null, refusal = null, ...message } = this.#message
    const calls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call)
    const { logprobs = null, ...rest } = this.#otherFields
    return {
      index: this.#index,
      message: {
        role: 'assistant',
        content,
        refusal,
        ...message,
        ...(calls.length > 0 && { tool_calls: calls }),
      },
      logprobs,
      finish_reason: this.#reason,
      ...rest,
    } as CompletionChoice
  }

  /** Arguments come in pieces. Id, type and name come once, though some servers repeat them. */
  #addCall({ index, ...delta }: ToolCallDelta): void {
    let call = this.#calls.get(index)
    if (call === undefined) {
      call = { id: '', type: delta.type ?? 'function' }
      this.#calls.set(index, call)
    }
    for (const [key, value] of Object.entries(delta)) {
      setField(call, key, value, isObject(value) ? mergeToolCall : keepFirstNonEmpty)
    }
  }
}

type Merge = (old: unknown, value: unknown) => unknown

/** Sets a field, merging it with an earlier value; null changes nothing. */
export function setField(
  target: ChunkFields,
  key: string,
  value: unknown,
  merge: Merge = (_, last) => last,
): void {
  if (key === '__proto__' || value === undefined) return
  const old = target[key]
  if (old === undefined || old === null) target[key] = value
  else if (value !== null) target[key] = merge(old, value)
}

/** Strings and lists are appended to, objects merged field by field, other values replaced. */
function appendDelta(old: unknown, value: unknown): unknown {
  if (typeof old === 'string' && typeof value === 'string') return old + value
  return appendToLists(old, value, appendDelta)
}

export function appendToLists(old: unknown, value: unknown, merge: Merge = appendToLists): unknown {
  if (Array.isArray(old) && Array.isArray(value)) {
    for (const each of value) old.push(each)
    return old
  }
  if (!isObject(old) || !isObject(value)) return value
  const merged: ChunkFields = { ...old }
  for (const [key, each] of Object.entries(value)) setField(merged, key, each, merge)
  return merged
}

function mergeToolCall(old: unknown, value: unknown): unknown {
  if (!isObject(old) || !isObject(value)) return value
  const merged: ChunkFields = { ...old }
  for (const [key, each] of Object.entries(value)) {
    setField(
      merged,
      key,
      each,
      key === 'arguments' || key === 'input' ? appendDelta : keepFirstNonEmpty,
    )
  }
  return merged
}

function keepFirstNonEmpty(old: unknown, value: unknown): unknown {
  return old === '' ? value : old
}
