/**
 * The state machine of a chat stream. What sluice writes obeys it, what it reads is held to it.
 *
 * A chunk that is as it should be passes; one with a known oddity is mended in place and the mend
 * is named; anything else ends the stream with an `ApiError` (502). A stream has one outcome.
 */
import type { ChatChunk, ChunkChoice, ChunkDelta, FinishReason, Usage } from './chat.ts'
import { deltaKind, renameReasoning } from './delta.ts'
import { type EngineErrorOptions, EngineErrors } from './engine-errors.ts'
import type { ApiError } from './errors.ts'
import { finishReason } from './finish.ts'
import { errorOf } from './foreign-error.ts'
import { isObject } from './object.ts'
import type { Ending, StreamContract, Verdict } from './stream-contract.ts'
import { ToolIndex } from './tool-index.ts'

export type * from './stream-contract.ts'

/** What the contract mended, for the request's log line. */
export type Mend =
  | 'created'
  | 'delta'
  | 'done'
  | 'finish_reason'
  | 'framing'
  | 'index'
  | 'reasoning'
  | 'role'
  | 'stream'
  | 'tool_index'
  | 'usage'

export interface ContractOptions extends EngineErrorOptions {
  /** How many choices were asked for; 1 by default. An engine may give fewer. */
  choices?: number
  /** Whether the client asked for usage. */
  usage?: boolean
  /** Whether we asked the engine for usage on our own: dropping it is then no mend. */
  usageRequested?: boolean
  /** A `[DONE]` before the finish counts as `stop`, for upstreams known to forget it. */
  lenient?: boolean
  /** The one name reasoning is written under; undefined keeps the engine's. */
  reasoning?: 'reasoning' | 'reasoning_content' | undefined
}

interface ChoiceState {
  hasRole: boolean
  finished: boolean
  tools: ToolIndex
}

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

export class ChatContract implements StreamContract<ChatChunk> {
  /** The stream's identity, as far as the engine gave it. */
  id = ''
  model = ''
  created = 0
  /** The last usage the engine gave, whether or not the client asked. */
  usage: Usage | undefined
  /** How many deltas brought something: text, reasoning, a tool call, a refusal, a finish. */
  tokens = 0
  /** Whether the stream finished, so that only `[DONE]` is left to write. */
  finished = false
  readonly mended = new Set<Mend>()

  readonly options: ContractOptions
  readonly errors: EngineErrors
  readonly #choices = new Map<number, ChoiceState>()
  /** The chunk that brought nothing but the last usage, if one did. */
  #usageChunk: ChatChunk | undefined

  constructor(options: ContractOptions) {
    this.options = options
    this.errors = new EngineErrors(options)
  }

  /** Whether every choice asked for has finished: all that may follow is usage and the end. */
  get isComplete(): boolean {
    return this.#choices.size >= (this.options.choices ?? 1) && this.#allFinished()
  }

  /** A frame came that was proven to bring only the next text of an open choice. */
  takeProven(): void {
    this.tokens++
  }

  /** Judges what the engine sent as a chunk, and mends it in place. Throws an `ApiError`. */
  judge(value: unknown): Verdict {
    if (!isObject(value)) throw this.errors.invalid('sent a frame that is not a JSON object')
    const error = errorOf(value)
    if (error !== undefined) throw this.errors.failed(error)
    if (!Array.isArray(value.choices)) throw this.errors.invalid('sent a frame without choices')
    const chunk = value as ChatChunk
    let changed = this.#judgeIdentity(chunk)
    for (const choice of chunk.choices) changed = this.#judgeChoice(choice) || changed
    const usage = this.#judgeUsage(chunk)
    if (usage === 'drop') return 'drop'
    if (usage === 'hold') return changed ? 'hold-changed' : 'hold'
    return changed || usage === 'changed' ? 'changed' : 'same'
  }

  /**
   * The engine stopped speaking. Returns the chunks still owed to the client; `[DONE]` comes after
   * them. Throws an `ApiError` where the stream has not finished.
   */
  end(ending: Ending): ChatChunk[] {
    const open = [...this.#choices].filter(([, state]) => !state.finished)
    const owed: ChatChunk[] = []
    if (open.length > 0 || this.#choices.size === 0) {
      if (ending !== 'done' || !this.options.lenient) throw this.#unfinished(ending)
      for (const index of open.length > 0 ? open.map(([index]) => index) : [0]) {
        owed.push(this.chunk([{ index, delta: this.#emptyDelta(index), finish_reason: 'stop' }]))
      }
      this.mended.add('finish_reason')
    }
    if (ending !== 'done') this.mended.add('done')
    if (this.options.usage && this.usage !== undefined) {
      owed.push(this.#usageChunk ?? { ...this.chunk([]), usage: this.usage })
    }
    this.finished = true
    return owed
  }

  /** A chunk of this stream, with its identity. */
  chunk(choices: ChunkChoice[]): ChatChunk {
    const { id, created, model } = this
    return { id, object: 'chat.completion.chunk', created, model, choices }
  }

  /** Says nothing new: the heartbeat of a stream that has begun. */
  quietChunk(): ChatChunk {
    if (this.#choices.size === 0) return this.roleChunk()
    const seen = [...this.#choices]
    // A choice that was never seen may not begin with a heartbeat.
    const [index = 0] = seen.find(([, state]) => !state.finished) ?? seen[0] ?? []
    return this.chunk([{ index, delta: {}, finish_reason: null }])
  }

  /** Says only who speaks. */
  roleChunk(): ChatChunk {
    return this.chunk([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
  }

  #unfinished(ending: Ending): ApiError {
    const seen = this.#choices.size === 0 ? 'before the first choice' : 'before a finish_reason'
    if (ending === 'done') return this.errors.unfinished('incomplete', `sent [DONE] ${seen}`)
    const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
    return this.errors.unfinished('truncated', `${how} ${seen}`)
  }

  /** The id must not change. */
  #judgeIdentity(chunk: ChatChunk): boolean {
    const { id, model } = chunk
    if (id !== undefined && id !== null && id !== '') {
      if (this.id === '') this.id = id
      else if (this.id !== id) throw this.errors.invalid('changed the id within one stream')
    }
    if (typeof model === 'string' && model !== '') this.model = model
    return this.judgeCreated(chunk)
  }

  /** Milliseconds become seconds. Returns whether they were. */
  judgeCreated(answer: { created?: unknown }): boolean {
    const { created } = answer
    if (typeof created !== 'number') return false
    const isSeconds = created < MAX_SECONDS
    this.created = isSeconds ? created : Math.floor(created / 1000)
    if (isSeconds) return false
    answer.created = this.created
    return this.#mend('created')
  }

  /** Usage is written once, last, with no choices, and only when asked for. */
  #judgeUsage(chunk: ChatChunk): Verdict {
    if (!isObject(chunk.usage)) return 'same'
    const isRepeated = this.usage !== undefined
    const isAlone = chunk.choices.length === 0
    this.usage = chunk.usage
    this.#usageChunk = isAlone ? chunk : undefined
    const isWanted = this.options.usage || (isAlone && this.options.usageRequested)
    if (!isWanted || isRepeated || !isAlone || !this.#allFinished()) this.mended.add('usage')
    if (isAlone) return this.options.usage ? 'hold' : 'drop'
    delete chunk.usage
    return 'changed'
  }

  #allFinished(): boolean {
    for (const state of this.#choices.values()) if (!state.finished) return false
    return this.#choices.size > 0
  }

  #judgeChoice(choice: ChunkChoice): boolean {
    if (!isObject(choice)) throw this.errors.invalid('sent a choice that is not an object')
    let changed = false
    if (!Number.isInteger(choice.index) || choice.index < 0) {
      choice.index = 0
      changed = this.#mend('index')
    }
    if (choice.delta === undefined || choice.delta === null) {
      if (isOtherAnswer(choice)) throw this.errors.invalid('sent something that is no chat chunk')
      choice.delta = {}
      changed = this.#mend('delta')
    }
    if (!isObject(choice.delta)) throw this.errors.invalid('sent a delta that is not an object')
    const state = this.#stateOf(choice.index)
    changed = this.#judgeDelta(choice, state) || changed
    return this.#judgeFinish(choice, state) || changed
  }

  #stateOf(index: number): ChoiceState {
    let state = this.#choices.get(index)
    if (state === undefined) {
      state = { hasRole: false, finished: false, tools: new ToolIndex() }
      this.#choices.set(index, state)
    }
    return state
  }

  #judgeDelta(choice: ChunkChoice, state: ChoiceState): boolean {
    const { delta } = choice
    const kind = deltaKind(delta)
    if ('wrong' in kind) throw this.errors.invalid(`sent ${kind.wrong}`)
    if (kind.speaks && state.finished) {
      throw this.errors.invalid('sent content after a finish_reason')
    }
    if (kind.progresses) this.tokens++
    let changed = renameReasoning(delta, this.options.reasoning) && this.#mend('reasoning')
    if (delta.tool_calls && state.tools.mend(delta.tool_calls)) changed = this.#mend('tool_index')
    if (!state.hasRole) {
      state.hasRole = true
      if (delta.role !== 'assistant') {
        choice.delta = { ...delta, role: 'assistant' }
        changed = this.#mend('role')
      }
    }
    return changed
  }

  #judgeFinish(choice: ChunkChoice, state: ChoiceState): boolean {
    const verdict = finishReason(choice.finish_reason)
    if (verdict === undefined) return false
    if (verdict.kind !== 'reason') throw this.errors.badFinish(verdict)
    const wasFinished = state.finished
    if (verdict.reason !== null) {
      state.finished = true
      this.tokens++
    }
    const reason: FinishReason | null = wasFinished ? null : verdict.reason
    if (choice.finish_reason === reason) return false
    choice.finish_reason = reason
    return this.#mend('finish_reason')
  }

  #emptyDelta(index: number): ChunkDelta {
    return this.#choices.get(index)?.hasRole ? {} : { role: 'assistant' }
  }

  #mend(what: Mend): true {
    this.mended.add(what)
    return true
  }
}

/** Whole completions and the old text completions have choices too, and say it elsewhere. */
function isOtherAnswer(choice: Record<string, unknown>): boolean {
  return choice.message !== undefined || choice.text !== undefined
}
