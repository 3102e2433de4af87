/** The state machine of a text completion stream. */

import { utf8Length } from '../../util/utf8-length.ts'
import type { TextChoice, TextChunk } from '../completions/request.ts'
import { type ChoiceState, ChoicesContract, type ContractOptions } from './choices.ts'
import type { StreamEnd } from './contract.ts'

export interface TextContractOptions extends ContractOptions {
  /** The number of prompts; 1 by default. `choices` counts the answers to all of them. */
  prompts?: number
}

export class TextContract extends ChoicesContract<TextChoice, TextChunk, ChoiceState> {
  readonly #asked: number
  readonly #prompts: number

  constructor(options: TextContractOptions) {
    super(options)
    this.#asked = options.choices ?? 1
    this.#prompts = options.prompts ?? 1
  }

  chunk(choices: TextChoice[]): TextChunk {
    const { id, created, model } = this
    return { id, object: 'text_completion', created, model, choices }
  }

  /**
   * A chunk without content: the heartbeat of a stream that has started. Undefined if all choices have
   * finished, because some clients would take the null of the heartbeat as the finish reason.
   */
  heartbeatChunk(): TextChunk | undefined {
    const [index, state] = this.currentChoice ?? [0]
    return state?.finished ? undefined : this.emptyChunk(index)
  }

  /** A chunk without text. */
  emptyChunk(index = 0): TextChunk {
    return this.chunk([piece(index)])
  }

  override end(ending: StreamEnd): TextChunk[] {
    this.requireAll(ending)
    return super.end(ending)
  }

  /**
   * Throws an `ApiError` if a prompt has no answer. A single prompt may have fewer answers than
   * requested, as in a chat; with several prompts, it would be unknown which of them has no answer.
   */
  requireAll(ending: StreamEnd): void {
    if (this.#prompts === 1 || this.choiceCount === this.#asked) return
    const did = `sent ${this.choiceCount} of ${this.#asked} answers to ${this.#prompts} prompts`
    throw this.errors.unfinished(ending === 'done' ? 'incomplete' : 'truncated', did)
  }

  protected newChoice(index: number): ChoiceState {
    if (index < this.#asked) return { finished: false, hasContent: false }
    throw this.errors.invalid(
      `sent a choice with index ${index}, though only ${this.#asked} were requested`,
    )
  }

  protected finalChoice(index: number): TextChoice {
    return { ...piece(index), finish_reason: 'stop' }
  }

  protected checkContent(choice: TextChoice, state: ChoiceState): boolean {
    const { finish_reason: reason, logprobs } = choice
    if (reason === 'tool_calls' || reason === 'function_call') {
      throw this.errors.badFinish({ kind: 'unknown', shown: JSON.stringify(reason) })
    }
    const isMissing = choice.text === undefined || choice.text === null
    if (isMissing) {
      if (choice.delta || choice.message) throw this.errors.invalid('sent a chat instead of a text')
      choice.text = ''
    }
    const { text } = choice
    if (typeof text !== 'string') throw this.errors.invalid('sent a text that is not a string')
    if (text !== '' && state.finished) throw this.errors.invalid('sent text after a finish_reason')
    if (text !== '') state.hasContent = true
    if (text !== '' || logprobs) this.tokens++
    if (this.countsText) this.textLength += utf8Length(text)
    return isMissing && this.repair('text')
  }
}

/** A choice without text. */
function piece(index: number): TextChoice {
  return { index, text: '', logprobs: null, finish_reason: null }
}
