/**
 * The state machine of a chat stream. What sluice writes obeys it, what it reads is held to it.
 *
 * A chunk that is as it should be passes; one with a known oddity is mended in place and the mend
 * is named; anything else ends the stream with an `ApiError` (502). A stream has one outcome.
 */
import type { ChatChunk, ChunkChoice, ChunkDelta, FinishReason, Usage } from './chat.ts'
import { deltaKind, renameReasoning } from './delta.ts'
import { ApiError } from './errors.ts'
import { finishReason, type ReasonVerdict } from './finish.ts'
import { errorOf } from './foreign-error.ts'
import { isObject } from './object.ts'
import { ToolIndex } from './tool-index.ts'

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

/** `same`: forward it untouched. `changed`: it was mended in place. `drop`: nothing is left of it. */
export type Verdict = 'same' | 'changed' | 'drop'

/** How the engine stopped speaking: with `[DONE]`, by ending, or by breaking off. */
export type Ending = 'done' | 'end' | 'reset'

export interface ContractOptions {
  /** How people know the engine; the messages of errors name it. */
  label: string
  /** Error codes begin with it: `upstream_truncated`. */
  source?: 'upstream' | 'engine'
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

export class ChatContract {
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
  readonly #choices = new Map<number, ChoiceState>()
  #usageSent = false

  constructor(options: ContractOptions) {
    this.options = options
  }

  /** A frame came that was proven to bring only the next text of an open choice. */
  takeProven(): void {
    this.tokens++
  }

  /** Judges what the engine sent as a chunk, and mends it in place. Throws an `ApiError`. */
  judge(value: unknown): Verdict {
    if (!isObject(value)) throw this.invalid('sent a frame that is not a JSON object')
    const error = errorOf(value)
    if (error !== undefined) throw this.failed(error.message, error.type, error.code)
    if (!Array.isArray(value.choices)) throw this.invalid('sent a frame without choices')
    const chunk = value as ChatChunk
    let changed = this.#judgeIdentity(chunk)
    for (const choice of chunk.choices) changed = this.#judgeChoice(choice) || changed
    const usage = this.#judgeUsage(chunk)
    if (usage === 'drop') return 'drop'
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
    if (this.options.usage && this.usage !== undefined && !this.#usageSent) {
      owed.push({ ...this.chunk([]), usage: this.usage })
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
    const open = [...this.#choices].find(([, state]) => !state.finished)
    return this.chunk([{ index: open?.[0] ?? 0, delta: {}, finish_reason: null }])
  }

  /** Says only who speaks. */
  roleChunk(): ChatChunk {
    return this.chunk([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
  }

  /** The engine broke the contract: `did` completes "{label} …". */
  invalid(did: string, cause?: unknown): ApiError {
    return this.#broken('invalid', did, cause)
  }

  /** The engine said itself that it failed. */
  failed(message: string, type?: string, code?: string | null): ApiError {
    const text = `${this.options.label} failed while answering: ${message}`
    return new ApiError(502, text, {
      type: type ?? 'server_error',
      code: code ?? this.#code('error'),
    })
  }

  #code(what: string): string {
    return `${this.options.source ?? 'upstream'}_${what}`
  }

  #broken(what: string, did: string, cause?: unknown): ApiError {
    const message = `${this.options.label} ${did}; the answer is not complete.`
    return new ApiError(502, message, { code: this.#code(what), cause })
  }

  #unfinished(ending: Ending): ApiError {
    const seen = this.#choices.size === 0 ? 'before the first choice' : 'before a finish_reason'
    if (ending === 'done') return this.#broken('incomplete', `sent [DONE] ${seen}`)
    const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
    return this.#broken('truncated', `${how} ${seen}`)
  }

  /** The id must not change. */
  #judgeIdentity(chunk: ChatChunk): boolean {
    const { id, model } = chunk
    if (typeof id === 'string' && id !== '') {
      if (this.id === '') this.id = id
      else if (this.id !== id) throw this.invalid('changed the id within one stream')
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
    this.usage = chunk.usage
    const alone = chunk.choices.length === 0
    if (alone && this.options.usage && !this.#usageSent && this.#allFinished()) {
      this.#usageSent = true
      return 'same'
    }
    const expected = alone && !this.options.usage && this.options.usageRequested
    if (!expected) this.mended.add('usage')
    if (alone) return 'drop'
    delete chunk.usage
    return 'changed'
  }

  #allFinished(): boolean {
    for (const state of this.#choices.values()) if (!state.finished) return false
    return this.#choices.size > 0
  }

  #judgeChoice(choice: ChunkChoice): boolean {
    if (!isObject(choice)) throw this.invalid('sent a choice that is not an object')
    let changed = false
    if (!Number.isInteger(choice.index) || choice.index < 0) {
      choice.index = 0
      changed = this.#mend('index')
    }
    if (choice.delta === undefined || choice.delta === null) {
      choice.delta = {}
      changed = this.#mend('delta')
    }
    if (!isObject(choice.delta)) throw this.invalid('sent a delta that is not an object')
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
    if ('wrong' in kind) throw this.invalid(`sent ${kind.wrong}`)
    const { speaks } = kind
    if (speaks && state.finished) throw this.invalid('sent content after a finish_reason')
    if (speaks) this.tokens++
    let changed = renameReasoning(delta, this.options.reasoning) && this.#mend('reasoning')
    if (delta.tool_calls && state.tools.mend(delta.tool_calls)) changed = this.#mend('tool_index')
    if (!state.hasRole) {
      state.hasRole = true
      if (!delta.role) {
        choice.delta = { ...delta, role: 'assistant' }
        changed = this.#mend('role')
      }
    }
    return changed
  }

  #judgeFinish(choice: ChunkChoice, state: ChoiceState): boolean {
    const verdict = finishReason(choice.finish_reason)
    if (verdict === undefined) return false
    if (verdict.kind !== 'reason') throw this.badFinish(verdict)
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

  /** Why a choice that ended so ends the answer. */
  badFinish(verdict: Exclude<ReasonVerdict, { kind: 'reason' }>): ApiError {
    if (verdict.kind === 'abort') {
      const message = `${this.options.label} aborted the answer on its own; it is not complete.`
      return new ApiError(502, message, { code: 'engine_aborted' })
    }
    if (verdict.kind === 'error') return this.failed('its finish_reason is "error"')
    return this.invalid(`sent an unknown finish_reason (${verdict.shown})`)
  }

  #emptyDelta(index: number): ChunkDelta {
    return this.#choices.get(index)?.hasRole ? {} : { role: 'assistant' }
  }

  #mend(what: Mend): true {
    this.mended.add(what)
    return true
  }
}
