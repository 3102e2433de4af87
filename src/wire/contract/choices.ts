/**
 * The state machine that the streams of chats and of text completions share: identity, choices that
 * finish once, usage, one end. What sluice writes obeys it, what it reads is held to it.
 */

import { isObject } from '../../util/object.ts'
import type { FinishReason, Usage } from '../chat/request.ts'
import type { ApiError } from '../errors/api-error.ts'
import { type EngineErrorOptions, EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import type { ChunkAction, Repair, StreamContract, StreamEnd } from './contract.ts'
import { canEndWithoutReason, type FinishRule, readFinishReason } from './finish-reason.ts'
import type { ThinkSeparator } from './think.ts'

export interface ContractOptions extends EngineErrorOptions {
  /** How many choices were asked for; 1 by default. An engine may give fewer. */
  choices?: number
  /** Whether the client asked for usage. */
  usage?: boolean
  /** Whether we asked the engine for usage on our own: dropping it is then no repair. */
  usageRequested?: boolean
  /** What a `[DONE]` before the finish is; a failure by default. */
  finishReason?: FinishRule
  /** The one name reasoning is written under; undefined keeps the engine's. */
  reasoning?: 'reasoning' | 'reasoning_content' | undefined
  /** Takes the model's thinking out of its answer's text. */
  think?: ThinkSeparator | undefined
}

interface AnyChoice {
  index: number
  finish_reason: FinishReason | null
}

interface AnyChunk<C> {
  id: string
  /** Unix time in seconds. */
  created: number
  model: string
  choices: C[]
  usage?: Usage | null
}

export interface ChoiceState {
  finished: boolean
  /** Whether it brought any content. */
  hasContent: boolean
}

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

/** What OpenAI's own chunks have: with usage taken out, these say nothing. */
const STANDARD = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'service_tier',
  'system_fingerprint',
  'obfuscation',
])

/** Whether a chunk brings what only its server knows of. */
function hasOwnFields(chunk: object): boolean {
  return Object.entries(chunk).some(([field, value]) => !STANDARD.has(field) && value !== null)
}

/** `S` is what is known of a choice of type `C` within chunks of type `T`. */
export abstract class ChoicesContract<
  C extends AnyChoice,
  T extends AnyChunk<C>,
  S extends ChoiceState,
> implements StreamContract<T>
{
  /** The stream's identity, as far as the engine gave it. */
  id = ''
  model = ''
  created = 0
  /** The last usage the engine gave, whether or not the client asked. */
  usage: Usage | undefined
  /** How many pieces brought something: text, reasoning, a tool call, a refusal, a finish. */
  tokens = 0
  /** Whether the stream finished, so that only `[DONE]` is left to write. */
  finished = false
  readonly repaired = new Set<Repair>()
  readonly failure = undefined
  readonly missing: T[] = []

  readonly options: ContractOptions
  readonly errors: EngineErrors
  readonly #choices = new Map<number, S>()
  /** The chunk that brought nothing but the last usage, if one did. */
  #usageChunk: T | undefined

  constructor(options: ContractOptions) {
    this.options = options
    this.errors = new EngineErrors(options)
  }

  /** A chunk of this stream, with its identity. */
  abstract chunk(choices: C[]): T
  /** Judges all of a choice but its index and its finish. Returns whether it was repaired. */
  protected abstract checkContent(choice: C, state: S): boolean
  /** Comes last, when it is known whether the choice ends here. Returns whether it was repaired. */
  protected separateThinking(_choice: C): boolean {
    return false
  }
  /** A choice that was just seen for the first time. */
  protected abstract newChoice(index: number): S
  /** Whether what an open choice brought can't be all of it. */
  protected isTruncated(_state: S): boolean {
    return false
  }
  /** Says only that a choice has ended. */
  protected abstract finalChoice(index: number, state: S | undefined): C
  /** A choice that brings nothing, where one may follow a finish. */
  protected emptyChoice(_index: number): C | undefined {
    return undefined
  }

  /** Whether every choice asked for has finished: all that may follow is usage and the end. */
  get isComplete(): boolean {
    return this.#choices.size >= (this.options.choices ?? 1) && this.#allFinished()
  }

  /** How many choices were seen. */
  get choiceCount(): number {
    return this.#choices.size
  }

  /** A choice that was seen and goes on; one that has ended where none does. */
  protected get currentChoice(): [index: number, state: S] | undefined {
    const seen = [...this.#choices]
    return seen.find(([, { finished }]) => !finished) ?? seen[0]
  }

  /** So many frames came, proven to bring only the next texts of an open choice. */
  countProven(frames: number): void {
    this.tokens += frames
  }

  /** Judges what the engine sent as a chunk, and repairs it in place. Throws an `ApiError`. */
  check(value: unknown): ChunkAction {
    // llama-server sends it before the first chunk of a text completion of several prompts.
    if (value === null) {
      this.repaired.add('null')
      return 'drop'
    }
    if (!isObject(value)) throw this.errors.invalid('sent a frame that is not a JSON object')
    const error = readError(value)
    if (error !== undefined) throw this.errors.failed(error)
    if (!Array.isArray(value.choices)) throw this.errors.invalid('sent a frame without choices')
    const chunk = value as unknown as T
    let changed = this.checkIdentity(chunk)
    for (const choice of chunk.choices) changed = this.#checkChoice(choice) || changed
    const usage = this.#checkUsage(chunk)
    if (usage === 'drop') return 'drop'
    if (usage === 'hold') return changed ? 'hold-changed' : 'hold'
    return changed || usage === 'changed' ? 'changed' : 'same'
  }

  /**
   * The engine stopped speaking. Returns the chunks still owed to the client; `[DONE]` comes after
   * them. Throws an `ApiError` where the stream has not finished.
   */
  end(ending: StreamEnd): T[] {
    const open = [...this.#choices].filter(([, state]) => !state.finished)
    const owed: T[] = []
    if (open.length > 0 || this.#choices.size === 0) {
      if (ending !== 'done' || !this.#canEndWithoutReason(open)) throw this.#unfinished(ending)
      for (const index of open.length > 0 ? open.map(([index]) => index) : [0]) {
        const last = this.finalChoice(index, this.#choices.get(index))
        this.separateThinking(last)
        owed.push(this.chunk([last]))
      }
      this.repaired.add('finish_reason')
    }
    if (ending !== 'done') this.repaired.add('done')
    if (this.options.usage && this.usage !== undefined) {
      owed.push(this.#usageChunk ?? { ...this.chunk([]), usage: this.usage })
    }
    this.finished = true
    return owed
  }

  #canEndWithoutReason(open: [index: number, state: S][]): boolean {
    if (open.some(([, state]) => this.isTruncated(state))) return false
    const hasContent = open.length > 0 && open.every(([, state]) => state.hasContent)
    return canEndWithoutReason(this.options.finishReason, hasContent)
  }

  #unfinished(ending: StreamEnd): ApiError {
    const seen = this.#choices.size === 0 ? 'before the first choice' : 'before a finish_reason'
    if (ending === 'done') return this.errors.unfinished('incomplete', `sent [DONE] ${seen}`)
    const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
    return this.errors.unfinished('truncated', `${how} ${seen}`)
  }

  /** The first id and model stay: clients tell a stream by them. Returns whether anything changed. */
  checkIdentity(answer: { id?: unknown; model?: unknown; created?: unknown }): boolean {
    const { id, model } = answer
    let changed = false
    if (id !== this.id && id !== undefined && id !== null && id !== '') {
      if (this.id === '') this.id = String(id)
      if (this.id !== id) {
        answer.id = this.id
        changed = this.repair('id')
      }
    }
    if (model !== this.model && typeof model === 'string' && model !== '') {
      if (this.model === '') this.model = model
      else {
        answer.model = this.model
        changed = this.repair('model')
      }
    }
    return this.#checkCreated(answer) || changed
  }

  /** Whole seconds, of milliseconds and of fractions of a second. Returns whether they were such. */
  #checkCreated(answer: { created?: unknown }): boolean {
    const { created } = answer
    if (typeof created !== 'number') return false
    this.created = Math.floor(created < MAX_SECONDS ? created : created / 1000)
    if (this.created === created) return false
    answer.created = this.created
    return this.repair('created')
  }

  /** Usage is written once, last, with no choices, and only when asked for. */
  #checkUsage(chunk: T): ChunkAction {
    if (!isObject(chunk.usage)) return 'same'
    const isRepeated = this.usage !== undefined
    const isAlone = chunk.choices.length === 0
    this.usage = chunk.usage
    this.#usageChunk = isAlone ? chunk : undefined
    const isWanted = this.options.usage || (isAlone && this.options.usageRequested)
    if (!isWanted || isRepeated || !isAlone || !this.#allFinished()) this.repaired.add('usage')
    if (isAlone && this.options.usage) return 'hold'
    if (isAlone) {
      // llama-server's timings: a client that did not ask for usage expects a choice in each chunk.
      const [index] = hasOwnFields(chunk) ? (this.currentChoice ?? []) : []
      const silence = index === undefined ? undefined : this.emptyChoice(index)
      if (silence === undefined) return 'drop'
      chunk.choices = [silence]
    }
    delete chunk.usage
    return 'changed'
  }

  #allFinished(): boolean {
    for (const state of this.#choices.values()) if (!state.finished) return false
    return this.#choices.size > 0
  }

  #checkChoice(choice: C): boolean {
    if (!isObject(choice)) throw this.errors.invalid('sent a choice that is not an object')
    const isIndexed = Number.isInteger(choice.index) && choice.index >= 0
    if (!isIndexed) Object.assign(choice, { index: 0 })
    let changed = !isIndexed && this.repair('index')
    const state = this.#stateOf(choice.index)
    changed = this.checkContent(choice, state) || changed
    changed = this.#checkFinish(choice, state) || changed
    return this.separateThinking(choice) || changed
  }

  #stateOf(index: number): S {
    let state = this.#choices.get(index)
    if (state === undefined) {
      state = this.newChoice(index)
      this.#choices.set(index, state)
    }
    return state
  }

  #checkFinish(choice: AnyChoice, state: ChoiceState): boolean {
    const meaning = readFinishReason(choice.finish_reason)
    if (meaning === undefined) return false
    if (meaning.kind !== 'reason') throw this.errors.badFinish(meaning)
    const wasFinished = state.finished
    if (meaning.reason !== null) {
      state.finished = true
      this.options.finishReason?.sent()
      this.tokens++
    }
    const reason: FinishReason | null = wasFinished ? null : meaning.reason
    if (choice.finish_reason === reason) return false
    choice.finish_reason = reason
    return this.repair('finish_reason')
  }

  protected repair(what: Repair): true {
    this.repaired.add(what)
    return true
  }
}
