/**
 * Separates thinking that a model writes into its answer as `<think>…</think>`. The tags count only where
 * models write them: once, at the start of the answer, after white space only. An answer that mentions
 * them later stays unchanged.
 */

import { isObject } from '../../util/object.ts'
import type { ChatRequest, ChunkChoice } from '../chat/request.ts'

/**
 * How the tags are handled. `keep`: they stay in the content. `separate`: thinking becomes reasoning.
 * `unopened`: the same, and an answer starts with thinking although `<think>` may be missing, because the
 * model's template has it and only `</think>` comes.
 */
export type ThinkTags = 'keep' | 'separate' | 'unopened'

/** The fields in which servers send reasoning. */
export type ReasoningName = 'reasoning' | 'reasoning_content'

/** A part of an answer, separated; the joined parts are the text without its tags. */
export interface SeparatedText {
  reasoning: string
  content: string
}

const OPEN = '<think>'
const CLOSE = '</think>'

/** The most characters of white space before `<think>`; after more, the tag is content. */
const MAX_LEADING_SPACE = 64

/** Separates one text that arrives in pieces, which may be split anywhere. */
export class ThinkText {
  readonly #startsInside: boolean
  #state: 'start' | 'inside' | 'settled' = 'start'
  /** Text that may be the start of a tag. */
  #pending = ''

  constructor(how: 'separate' | 'unopened') {
    this.#startsInside = how === 'unopened'
  }

  add(piece: string): SeparatedText {
    if (this.#state === 'settled') return { reasoning: '', content: piece }
    const text = this.#pending + piece
    this.#pending = ''
    return this.#state === 'start' ? this.#begin(text) : this.#think(text)
  }

  /** Returns the pending text when no more will come. */
  flush(): SeparatedText {
    const held = this.#pending
    this.#pending = ''
    const isThought = this.#state === 'inside' || (this.#state === 'start' && this.#startsInside)
    return isThought ? { reasoning: held, content: '' } : { reasoning: '', content: held }
  }

  /** Treats everything from now on as content: a server that sends reasoning separately writes no tags. */
  stop(): void {
    this.#state = 'settled'
  }

  #begin(text: string): SeparatedText {
    const at = text.search(/\S|$/)
    const said = text.slice(at)
    if (at <= MAX_LEADING_SPACE && said.startsWith(OPEN)) {
      this.#state = 'inside'
      const { reasoning, content } = this.#think(said.slice(OPEN.length))
      return { reasoning, content: text.slice(0, at) + content }
    }
    if (at <= MAX_LEADING_SPACE && OPEN.startsWith(said)) {
      this.#pending = text
      return { reasoning: '', content: '' }
    }
    this.#state = this.#startsInside ? 'inside' : 'settled'
    return this.add(text)
  }

  #think(text: string): SeparatedText {
    const at = text.indexOf(CLOSE)
    if (at !== -1) {
      this.#state = 'settled'
      return { reasoning: text.slice(0, at), content: text.slice(at + CLOSE.length) }
    }
    const sure = text.length - overlap(text)
    this.#pending = text.slice(sure)
    return { reasoning: text.slice(0, sure), content: '' }
  }
}

/** The number of characters at the end that may start `</think>`. */
function overlap(text: string): number {
  const at = text.lastIndexOf('<')
  return at !== -1 && CLOSE.startsWith(text.slice(at)) ? text.length - at : 0
}

/** Separates the thinking in the choices of one answer, in place. */
export class ThinkSeparator {
  readonly #how: 'separate' | 'unopened'
  readonly #name: ReasoningName
  readonly #choices = new Map<number, ThinkText>()

  constructor(how: 'separate' | 'unopened', name: ReasoningName = 'reasoning_content') {
    this.#how = how
    this.#name = name
  }

  /** Separates a choice of the next chunk. Returns whether anything changed. */
  separate({ index, delta, finish_reason }: ChunkChoice): boolean {
    const text = this.#textOf(index)
    if (delta.reasoning || delta.reasoning_content) text.stop()
    const { content } = delta
    const came = typeof content === 'string' ? content : ''
    const said = text.add(came)
    // Some servers send "" instead of null before the end.
    const rest = finish_reason ? text.flush() : undefined
    const reasoning = said.reasoning + (rest?.reasoning ?? '')
    const told = said.content + (rest?.content ?? '')
    if (told !== came) delta.content = told
    if (reasoning !== '') delta[this.#name] = reasoning
    return told !== came || reasoning !== ''
  }

  /** Separates the message of an answer without streaming. Returns whether anything changed. */
  separateWhole(message: { content?: unknown; reasoning?: unknown; reasoning_content?: unknown }) {
    const { content } = message
    if (typeof content !== 'string' || message.reasoning || message.reasoning_content) return false
    const text = new ThinkText(this.#how)
    const parts = [text.add(content), text.flush()]
    const told = parts.map((part) => part.content).join('')
    if (told === content) return false
    message.content = told
    message[this.#name] = parts.map(({ reasoning }) => reasoning).join('')
    return true
  }

  #textOf(index: number): ThinkText {
    let text = this.#choices.get(index)
    if (text === undefined) {
      text = new ThinkText(this.#how)
      this.#choices.set(index, text)
    }
    return text
  }
}

/** The separator for the answer to a request; undefined if thinking stays in the content. */
export function thinkSeparator(
  how: ThinkTags,
  name: ReasoningName | undefined,
  request: ChatRequest,
): ThinkSeparator | undefined {
  if (how === 'keep') return undefined
  // With thinking disabled, the template writes no tag.
  const opens = how === 'unopened' && wantsThinking(request) !== false
  return new ThinkSeparator(opens ? 'unopened' : 'separate', name)
}

/** The fields of vLLM, llama-server and OpenAI that switch thinking; undefined if none is set. */
export function wantsThinking(request: ChatRequest): boolean | undefined {
  const { chat_template_kwargs: kwargs, enable_thinking, reasoning_effort } = request
  if (typeof enable_thinking === 'boolean') return enable_thinking
  if (isObject(kwargs) && typeof kwargs.enable_thinking === 'boolean') return kwargs.enable_thinking
  return reasoning_effort === 'none' ? false : undefined
}
