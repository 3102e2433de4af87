/**
 * Thinking that a model writes into its answer, `<think>…</think>`, told apart from the answer. The
 * tags count where models put them: at the answer's start, behind nothing but white space, and once.
 * An answer that speaks of them later is left as it is.
 */

import { isObject } from '../../util/object.ts'
import type { ChatRequest, ChunkChoice } from '../chat/request.ts'

/**
 * What is done with the tags. `keep`: they stay in the content. `separate`: thinking becomes
 * reasoning. `unopened`: the same, and an answer begins with thinking though `<think>` may be
 * missing: the model's template wrote it, and only `</think>` comes.
 */
export type ThinkTags = 'keep' | 'separate' | 'unopened'

/** The fields in which servers send reasoning. */
export type ReasoningName = 'reasoning' | 'reasoning_content'

/** A part of an answer's text: joined, the parts are the text without its tags. */
export interface Thought {
  reasoning: string
  content: string
}

const OPEN = '<think>'
const CLOSE = '</think>'

/** Characters of white space before `<think>`; what follows more of it is no thinking. */
const MOST_BLANK = 64

/** One text that comes in pieces, cut anywhere. */
export class ThinkText {
  readonly #opens: boolean
  #state: 'start' | 'inside' | 'settled' = 'start'
  /** What may be a tag's beginning. */
  #held = ''

  constructor(how: 'separate' | 'unopened') {
    this.#opens = how === 'unopened'
  }

  take(piece: string): Thought {
    if (this.#state === 'settled') return { reasoning: '', content: piece }
    const text = this.#held + piece
    this.#held = ''
    return this.#state === 'start' ? this.#begin(text) : this.#think(text)
  }

  /** What was held back, where no more will come. */
  flush(): Thought {
    const held = this.#held
    this.#held = ''
    const isThought = this.#state === 'inside' || (this.#state === 'start' && this.#opens)
    return isThought ? { reasoning: held, content: '' } : { reasoning: '', content: held }
  }

  /** From now on all is content: who sends reasoning by itself means its content as it is. */
  settle(): void {
    this.#state = 'settled'
  }

  #begin(text: string): Thought {
    const at = text.search(/\S|$/)
    const said = text.slice(at)
    if (at <= MOST_BLANK && said.startsWith(OPEN)) {
      this.#state = 'inside'
      const { reasoning, content } = this.#think(said.slice(OPEN.length))
      return { reasoning, content: text.slice(0, at) + content }
    }
    if (at <= MOST_BLANK && OPEN.startsWith(said)) {
      this.#held = text
      return { reasoning: '', content: '' }
    }
    this.#state = this.#opens ? 'inside' : 'settled'
    return this.take(text)
  }

  #think(text: string): Thought {
    const at = text.indexOf(CLOSE)
    if (at !== -1) {
      this.#state = 'settled'
      return { reasoning: text.slice(0, at), content: text.slice(at + CLOSE.length) }
    }
    const sure = text.length - overlap(text)
    this.#held = text.slice(sure)
    return { reasoning: text.slice(0, sure), content: '' }
  }
}

/** Characters at the text's end that may begin `</think>`. */
function overlap(text: string): number {
  const at = text.lastIndexOf('<')
  return at !== -1 && CLOSE.startsWith(text.slice(at)) ? text.length - at : 0
}

/** Separates the thinking of one answer's choices, in place. */
export class ThinkSeparator {
  readonly #how: 'separate' | 'unopened'
  readonly #name: ReasoningName
  readonly #choices = new Map<number, ThinkText>()

  constructor(how: 'separate' | 'unopened', name: ReasoningName = 'reasoning_content') {
    this.#how = how
    this.#name = name
  }

  /** A choice of a stream's next chunk. Returns whether anything changed. */
  separate({ index, delta, finish_reason }: ChunkChoice): boolean {
    const text = this.#textOf(index)
    if (delta.reasoning || delta.reasoning_content) text.settle()
    const { content } = delta
    const came = typeof content === 'string' ? content : ''
    const said = text.take(came)
    // Not every server says null before the last.
    const rest = finish_reason ? text.flush() : undefined
    const reasoning = said.reasoning + (rest?.reasoning ?? '')
    const told = said.content + (rest?.content ?? '')
    if (told !== came) delta.content = told
    if (reasoning !== '') delta[this.#name] = reasoning
    return told !== came || reasoning !== ''
  }

  /** The message of a whole answer. Returns whether anything changed. */
  separateWhole(message: { content?: unknown; reasoning?: unknown; reasoning_content?: unknown }) {
    const { content } = message
    if (typeof content !== 'string' || message.reasoning || message.reasoning_content) return false
    const text = new ThinkText(this.#how)
    const parts = [text.take(content), text.flush()]
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

/** What separates the thinking in the answer to a request; undefined where it stays. */
export function thinkSeparator(
  how: ThinkTags,
  name: ReasoningName | undefined,
  request: ChatRequest,
): ThinkSeparator | undefined {
  if (how === 'keep') return undefined
  // A template that is told not to think opens no tag.
  const opens = how === 'unopened' && wantsThinking(request) !== false
  return new ThinkSeparator(opens ? 'unopened' : 'separate', name)
}

/** vLLM's and llama-server's switch, and OpenAI's way to say the same; undefined if neither is set. */
export function wantsThinking(request: ChatRequest): boolean | undefined {
  const { chat_template_kwargs: kwargs, enable_thinking, reasoning_effort } = request
  if (typeof enable_thinking === 'boolean') return enable_thinking
  if (isObject(kwargs) && typeof kwargs.enable_thinking === 'boolean') return kwargs.enable_thinking
  return reasoning_effort === 'none' ? false : undefined
}
