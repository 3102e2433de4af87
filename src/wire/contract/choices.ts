/**
 * The state machine that chat and text completion streams share: identity, choices that finish once,
 * usage, one end. Chunks that are read or written must obey it.
 */

import { isObject } from '../../util/object.ts'
import { answerId } from '../../util/safe/id.ts'
import { MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import type { FinishReason, Usage } from '../chat/request.ts'
import type { ApiError } from '../errors/api-error.ts'
import { type EngineErrorOptions, EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import { repairUsage } from '../usage.ts'
import type { ChunkAction, Repair, StreamContract, StreamEnd } from './contract.ts'
import { canEndWithoutReason, type FinishRule, readFinishReason } from './finish-reason.ts'
import { hasOwnFields } from './own-fields.ts'
import type { ThinkSeparator } from './think.ts'

export interface ContractOptions extends EngineErrorOptions {
  /** The number of requested choices; 1 by default. An engine may send fewer. */
  choices?: number
  /** Whether the client asked for usage. */
  usage?: boolean
  /** Whether sluice itself asked the engine for usage: then dropping it is not a repair. */
  usageRequested?: boolean
  /** How a `[DONE]` without a finish reason is handled; by default as a failure. */
  finishReason?: FinishRule
  /** The field in which reasoning is written; undefined keeps the engine's. */
  reasoning?: 'reasoning' | 'reasoning_content' | undefined
  /** Separates the model's thinking from the text of its answer. */
  think?: ThinkSeparator | undefined
  /** The engine sends a chunk for each token, and keeps back its text until a call of a tool is whole. */
  keepsBack?: boolean
  /** The identity that the client knows already, because something was sent before the engine answered. */
  identity?: StreamIdentity | undefined
}

/** By which clients know a stream. */
export type StreamIdentity = Pick<AnyChunk<unknown>, 'id' | 'model' | 'created'>

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
  /** Whether it had any content. */
  hasContent: boolean
}

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

/** `S` is the state of a choice of type `C` in chunks of type `T`. */
export abstract class ChoicesContract<
  C extends AnyChoice,
  T extends AnyChunk<C>,
  S extends ChoiceState,
> implements StreamContract<T>
{
  /** The stream's identity, as far as the engine sent it. */
  id = ''
  model = ''
  created = 0
  /** The last usage that the engine sent, whether or not the client asked for it. */
  usage: Usage | undefined
  /** How many deltas had content: text, reasoning, a tool call, a refusal or a finish reason. */
  tokens = 0
  textLength = 0
  countsText = true
  /** Whether the stream finished, so that only `[DONE]` is missing. */
  finished = false
  readonly repaired = new Set<Repair>()
  readonly failure = undefined
  readonly missing: T[] = []

  readonly options: ContractOptions
  readonly errors: EngineErrors
  readonly #choices = new Map<number, S>()
  /** The chunk that had only the last usage, if there was one. */
  #usageChunk: T | undefined

  constructor(options: ContractOptions) {
    this.options = options
    this.errors = new EngineErrors(options)
    Object.assign(this, options.identity)
  }

  /** A chunk of this stream, with its identity. */
  abstract chunk(choices: C[]): T
  /** Checks a choice except for its index and finish reason. Returns whether it was repaired. */
  protected abstract checkContent(choice: C, state: S): boolean
  /** Called last, when it is known whether the choice ends here. Returns whether the choice changed. */
  protected separateThinking(_choice: C): boolean {
    return false
  }
  /** The state of a choice whose first chunk came. */
  protected abstract newChoice(index: number): S
  /** Whether the content of an open choice is visibly incomplete. */
  protected isTruncated(_state: S): boolean {
    return false
  }
  /** A choice that has only the finish reason. */
  protected abstract finalChoice(index: number, state: S | undefined): C
  /** A choice without content, if the API allows one after a finish reason. */
  protected emptyChoice(_index: number): C | undefined {
    return undefined
  }

  /** Whether all requested choices have finished, so that only usage and the end may follow. */
  get isComplete(): boolean {
    return this.#choices.size >= (this.options.choices ?? 1) && this.#allFinished()
  }

  /** The number of choices that came. */
  get choiceCount(): number {
    return this.#choices.size
  }

  /** A choice that has not finished; if all have, any of them. */
  protected get currentChoice(): [index: number, state: S] | undefined {
    const seen = [...this.#choices]
    return seen.find(([, { finished }]) => !finished) ?? seen[0]
  }

  /** Counts frames that were proven to have only the next texts of an open choice. */
  countProven(frames: number, textLength: number): void {
    this.tokens += frames
    this.textLength += textLength
  }

  /** Checks a parsed chunk and repairs it in place. Throws an `ApiError`. */
  check(value: unknown): ChunkAction {
    // llama-server sends null before the first chunk of a text completion with several prompts.
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
    if (usage === 'hold-changed') return usage
    if (usage === 'hold') return changed ? 'hold-changed' : 'hold'
    return changed || usage === 'changed' ? 'changed' : 'same'
  }

  /**
   * Ends the stream. Returns the chunks that are still to be written before `[DONE]`. Throws an
   * `ApiError` if the stream has not finished.
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

  /** Keeps the first id and model, by which clients identify a stream. Returns whether anything changed. */
  checkIdentity(answer: { id?: unknown; model?: unknown; created?: unknown }): boolean {
    const { id, model } = answer
    let changed = false
    if (id !== this.id && id !== undefined && id !== null && id !== '') {
      if (this.id === '') this.id = answerId(id)
      if (this.id !== id) {
        answer.id = this.id
        changed = this.options.identity !== undefined || this.repair('id')
      }
    }
    if (model !== this.model && typeof model === 'string' && model !== '') {
      if (this.model === '') this.model = model.slice(0, MAX_MODEL_NAME)
      if (this.model !== model) {
        answer.model = this.model
        changed = this.options.identity !== undefined || this.repair('model')
      }
    }
    return this.#checkCreated(answer) || changed
  }

  /** Converts milliseconds and fractions to whole seconds. Returns whether anything changed. */
  #checkCreated(answer: { created?: unknown }): boolean {
    const { created } = answer
    if (typeof created !== 'number') return false
    this.created = Math.floor(created < MAX_SECONDS ? created : created / 1000)
    if (this.created === created) return false
    answer.created = this.created
    return this.repair('created')
  }

  /** Usage is written once, last, without choices, and only on request. */
  #checkUsage(chunk: T): ChunkAction {
    if (chunk.usage === undefined || chunk.usage === null) return 'same'
    const isRepeated = this.usage !== undefined
    const isAlone = chunk.choices.length === 0
    const isRepaired = repairUsage(chunk)
    const { usage } = chunk
    if (usage) {
      this.usage = usage
      this.#usageChunk = isAlone ? chunk : undefined
    }
    const isWanted = this.options.usage || (isAlone && this.options.usageRequested)
    const isInPlace = isWanted && !isRepeated && isAlone && this.#allFinished()
    if (isRepaired || !isInPlace) this.repaired.add('usage')
    if (isAlone && this.options.usage && usage) return isRepaired ? 'hold-changed' : 'hold'
    if (isAlone) {
      // llama-server's timings are kept. A client that did not ask for usage expects a choice in each chunk.
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
