import { isObject } from '../../util/object.ts'
import type {
  ChatChunk,
  ChatRequest,
  ChunkChoice,
  ChunkDelta,
  FinishReason,
  ToolCallDelta,
  Usage,
} from '../../wire/chat/request.ts'
import type { ChatContract } from '../../wire/contract/chat.ts'
import { classifyDelta } from '../../wire/contract/delta.ts'
import { ToolCalls } from '../../wire/contract/tool-calls.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { badValue } from './errors.ts'
import type { ChunkMaker } from './generated.ts'
import { type UsageInput, usageOf } from './usage.ts'

/** A piece of a tool call. Pieces with the same `index` or `id` make one call. */
export interface ToolCallPiece extends Partial<Omit<ToolCallDelta, 'index'>> {
  index?: number
}

/** A part of an answer with one choice: at least one of these fields. */
export interface ChatDelta {
  content?: string | null
  /** The model's reasoning before its answer. */
  reasoning_content?: string | null
  tool_calls?: ToolCallPiece[]
  refusal?: string | null
  role?: 'assistant'
  /** Ends the answer; `stop`, or `tool_calls` after tool calls, where it never comes. */
  finish_reason?: FinishReason | null
}

/** A whole chunk; what is missing beside `choices` is added. */
export interface ChatChunkInput extends Partial<Omit<ChatChunk, 'choices' | 'usage'>> {
  choices: { index?: number; delta?: ChatDelta | ChunkDelta; finish_reason?: FinishReason | null }[]
  usage?: UsageInput | null
}

/** The tokens of the prompt and of the answer, with OpenAI's field names. */
export interface UsageYield {
  usage: UsageInput
}

/** What a chat may yield: a text, a delta, a whole chunk, or how many tokens were used. */
export type ChatYield = string | ChatDelta | ChatChunkInput | UsageYield

const EXPECTED =
  "a text, a delta such as { content: 'Hello' }, a chunk with choices, or { usage: {…} }"

/** Fields of which a delta has at least one. */
const DELTA_FIELDS = [
  'content',
  'reasoning_content',
  'reasoning',
  'tool_calls',
  'function_call',
  'refusal',
  'role',
  'finish_reason',
]

interface ChoiceState {
  isFinished: boolean
  hasCalls: boolean
  /** Gives pieces their index, and calls the id and type that they lack. */
  calls: ToolCalls
}

/** Makes chunks that the contract has nothing to repair in of what is yielded for a request. */
export class ChatForm implements ChunkMaker<ChatChunk> {
  readonly #label: string
  readonly #contract: ChatContract
  readonly #envelope: Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'>
  /** How many choices were asked for. */
  readonly #asked: number
  readonly #choices = new Map<number, ChoiceState>()
  #hasContent = false
  /** The last usage: it is written when all choices have ended. */
  #counted: ChatChunk | undefined

  constructor(label: string, contract: ChatContract, request: ChatRequest) {
    this.#label = label
    this.#contract = contract
    this.#asked = request.n ?? 1
    this.#envelope = {
      id: `chatcmpl-${crypto.randomUUID()}`,
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: request.model ?? label,
    }
  }

  chunk(value: unknown): ChatChunk | undefined {
    if (typeof value === 'string') return value === '' ? undefined : this.#delta({ content: value })
    if (!isObject(value)) throw this.#bad('yielded', value)
    if (Array.isArray(value.choices)) return this.#whole(value)
    if (DELTA_FIELDS.some((field) => value[field] !== undefined)) {
      const { finish_reason, ...delta } = value
      return this.#delta(delta, finish_reason)
    }
    if (isObject(value.usage)) return this.#hold(this.#usage(value.usage))
    throw this.#bad('yielded', value)
  }

  end(returned: unknown): ChatChunk[] {
    const owed: ChatChunk[] = []
    if (!this.#hasContent) {
      throw this.#contract.errors.unfinished('incomplete', 'ended without having yielded anything')
    }
    for (const [index, { isFinished, hasCalls }] of this.#choices) {
      if (isFinished) continue
      owed.push(this.#made([{ index, delta: {}, finish_reason: hasCalls ? 'tool_calls' : 'stop' }]))
    }
    if (returned === undefined) return this.#counted ? [...owed, this.#counted] : owed
    if (!isObject(returned) || !isObject(returned.usage)) {
      throw badValue(this.#contract.errors, 'returned', returned, 'nothing, or { usage: {…} }')
    }
    return [...owed, this.#usage(returned.usage)]
  }

  #delta(delta: Record<string, unknown>, finish: unknown = null): ChatChunk {
    if (this.#asked > 1) throw this.#oneChoice()
    return this.#made([{ index: 0, delta, finish_reason: finish as FinishReason | null }])
  }

  #whole(value: Record<string, unknown>): ChatChunk | undefined {
    const { usage, choices, ...rest } = value
    const given = Object.entries(rest).filter(([, field]) => field !== undefined)
    const chunk = { ...this.#made(choices as ChunkChoice[]), ...Object.fromEntries(given) }
    if (!isObject(usage)) return chunk
    const counts = { usage: this.#usageOf(usage) }
    if (chunk.choices.length === 0) return this.#hold({ ...chunk, ...counts })
    this.#hold({ ...chunk, choices: [], ...counts })
    return chunk
  }

  #hold(counted: ChatChunk): undefined {
    this.#counted = counted
  }

  #usage(usage: Record<string, unknown>): ChatChunk {
    return { ...this.#envelope, choices: [], usage: this.#usageOf(usage) }
  }

  #usageOf(usage: Record<string, unknown>): Usage {
    return usageOf(usage, this.#contract.errors)
  }

  /** The contract judges what has a wrong form: here only what is missing is added. */
  #made(choices: ChunkChoice[]): ChatChunk {
    const completed = choices.map((choice) => {
      return isObject(choice) ? this.#complete(choice as unknown as ChunkChoice) : choice
    })
    return { ...this.#envelope, choices: completed }
  }

  #complete(choice: ChunkChoice): ChunkChoice {
    const { index = 0, delta = {}, finish_reason = null } = choice
    let state = this.#choices.get(index)
    const isFirst = state === undefined
    state ??= { isFinished: false, hasCalls: false, calls: new ToolCalls() }
    this.#choices.set(index, state)
    if (finish_reason) state.isFinished = true
    if (Array.isArray(delta.tool_calls) && delta.tool_calls.length > 0) state.hasCalls = true
    this.#hasContent ||= Boolean(finish_reason) || bringsSomething(delta)
    const spoken = isFirst ? { ...delta, role: 'assistant' } : delta
    return { ...choice, index, delta: withCalls(spoken, state.calls), finish_reason }
  }

  #oneChoice() {
    const message = `n: expected 1, got ${this.#asked}: ${this.#label} gives one choice a request; ask it ${this.#asked} times.`
    return badRequest(message, 'n')
  }

  #bad(did: string, value: unknown) {
    return badValue(this.#contract.errors, did, value, EXPECTED)
  }
}

function bringsSomething({ role: _role, ...delta }: ChunkDelta): boolean {
  return Object.values(delta).some((value) => value !== undefined && value !== null && value !== '')
}

/** Copies the pieces, because they are completed in place and belong to the engine. */
function withCalls(delta: ChunkDelta, calls: ToolCalls): ChunkDelta {
  const { tool_calls } = delta
  if (!Array.isArray(tool_calls) || !tool_calls.every(isObject)) return { ...delta }
  const copies = (tool_calls as ToolCallDelta[]).map((call) => ({
    ...call,
    ...(isObject(call.function) && { function: { ...call.function } }),
  }))
  const completed = { ...delta, tool_calls: copies }
  // What the contract will refuse stays as it is.
  if (!('problem' in classifyDelta(completed))) calls.repair(copies)
  return completed
}
