/** A stream folded into one completion, for `stream: false`. */

import { isObject } from '../util/object.ts'
import type {
  ChatChunk,
  ChatCompletion,
  ChunkChoice,
  CompletionChoice,
  ToolCallDelta,
} from '../wire/chat/request.ts'
import type { AnyContract, ChunkOf, ChunkStream } from './chat-stream.ts'

export type Fields = Record<string, unknown>

/** Deltas of the longest answer that is folded: a completion without end must not fill the memory. */
const MAX_TOKENS = 1_000_000

/** Adds up the chunks of one API. */
export interface Folding<T> {
  add(chunk: T): void
  completion(): unknown
}

/**
 * The whole stream as one completion. `onBatch` is called after each batch. Rejects with the
 * `ApiError` that ended the stream, or that it is too long.
 */
export async function collect<C extends AnyContract>(
  stream: ChunkStream<C>,
  fold: Folding<ChunkOf<C>>,
  onBatch: () => void,
  maxTokens = MAX_TOKENS,
): Promise<unknown> {
  for (let batch = await stream.items.next(); !batch.done; batch = await stream.items.next()) {
    for (const chunk of batch.value) fold.add(chunk)
    onBatch()
    if (stream.contract.tokens <= maxTokens) continue
    await stream.items.return?.()
    throw stream.contract.errors.invalid(`sent an answer of more than ${maxTokens} deltas`)
  }
  return fold.completion()
}

/** Adds up chunks; fields it does not know are kept. */
export class Fold implements Folding<ChatChunk> {
  readonly #envelope: Fields = {}
  readonly #choices = new Map<number, FoldedChoice>()

  add(chunk: ChatChunk): void {
    for (const choice of chunk.choices) this.#choiceOf(choice.index).add(choice)
    const { choices: _choices, ...envelope } = chunk
    for (const [key, value] of Object.entries(envelope)) {
      // An empty id, as a server's first chunk may have, says nothing.
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

  #choiceOf(index: number): FoldedChoice {
    let choice = this.#choices.get(index)
    if (choice === undefined) {
      choice = new FoldedChoice(index)
      this.#choices.set(index, choice)
    }
    return choice
  }
}

class FoldedChoice {
  readonly #index: number
  readonly #message: Fields = {}
  readonly #calls = new Map<number, Fields>()
  readonly #rest: Fields = {}
  #reason: unknown = null

  constructor(index: number) {
    this.#index = index
  }

  add(choice: ChunkChoice): void {
    const { index: _index, delta, finish_reason, ...rest } = choice
    const { role: _role, tool_calls, ...texts } = delta
    for (const [key, value] of Object.entries(texts)) setField(this.#message, key, value, grow)
    for (const call of tool_calls ?? []) this.#addCall(call)
    for (const [key, value] of Object.entries(rest)) setField(this.#rest, key, value, growLists)
    this.#reason = finish_reason ?? this.#reason
  }

  completion(): CompletionChoice {
    const { content = null, refusal = null, ...message } = this.#message
    const calls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call)
    const { logprobs = null, ...rest } = this.#rest
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

  /** The id, type and name come once, whatever a server repeats; arguments come in pieces. */
  #addCall({ index, ...delta }: ToolCallDelta): void {
    let call = this.#calls.get(index)
    if (call === undefined) {
      call = { id: '', type: delta.type ?? 'function' }
      this.#calls.set(index, call)
    }
    for (const [key, value] of Object.entries(delta)) {
      setField(call, key, value, isObject(value) ? growCall : keepFilled)
    }
  }
}

type Merge = (old: unknown, value: unknown) => unknown

/** Null says nothing new; the first value stands alone. */
export function setField(
  target: Fields,
  key: string,
  value: unknown,
  merge: Merge = (_, last) => last,
): void {
  if (key === '__proto__' || value === undefined) return
  const old = target[key]
  if (old === undefined || old === null) target[key] = value
  else if (value !== null) target[key] = merge(old, value)
}

/** A delta's increments: texts and lists grow, objects grow field by field, the rest is replaced. */
function grow(old: unknown, value: unknown): unknown {
  if (typeof old === 'string' && typeof value === 'string') return old + value
  return growLists(old, value, grow)
}

export function growLists(old: unknown, value: unknown, merge: Merge = growLists): unknown {
  if (Array.isArray(old) && Array.isArray(value)) {
    for (const each of value) old.push(each)
    return old
  }
  if (!isObject(old) || !isObject(value)) return value
  const merged: Fields = { ...old }
  for (const [key, each] of Object.entries(value)) setField(merged, key, each, merge)
  return merged
}

function growCall(old: unknown, value: unknown): unknown {
  if (!isObject(old) || !isObject(value)) return value
  const merged: Fields = { ...old }
  for (const [key, each] of Object.entries(value)) {
    setField(merged, key, each, key === 'arguments' || key === 'input' ? grow : keepFilled)
  }
  return merged
}

function keepFilled(old: unknown, value: unknown): unknown {
  return old === '' ? value : old
}
