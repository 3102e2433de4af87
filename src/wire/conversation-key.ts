/** Computes the key that the turns of one conversation share. */
import { isObject } from '../util/object.ts'
import { TextHash } from '../util/text-hash.ts'

/** What a request sends to a model, in any API. */
export interface ConversationSource {
  body?: object
  /** The messages, or the items of a conversation. */
  conversation?: unknown
  /** The prompt of a text completion. */
  inputs?: unknown
}

/**
 * What is read, in UTF-16 units: the beginning of a system prompt, since clients put what changes (the
 * time, the state of a repository) at its end; of a user's text also its end, since agents put the same
 * reminders before each user's own words; and so much at most in all.
 */
const SAMPLE = { system: 1_024, head: 512, tail: 512, most: 16_384 }

/** Messages before the first answer; agents begin with a few. */
const MAX_MESSAGES = 8

/** The first block of Claude Code's system prompt, which changes with every request. */
const BILLING = 'x-anthropic-billing-header:'

/**
 * A hash by which a conversation is recognized while it grows: of the model, the session if the client
 * names one, the beginning of the system prompt, and what the user said before the first answer. All
 * users of one program may have the same system prompt, and the agents and titles of one session have
 * different ones: so neither is enough. OpenAI combines `prompt_cache_key` with the beginning of the
 * prompt too. Undefined where nothing tells the conversation from others.
 *
 * It reads a bounded part of the request, however long that is.
 */
export function conversationKey(
  { body, conversation, inputs }: ConversationSource,
  model: string | null | undefined,
  session: string | undefined,
): string | undefined {
  const sample = new Sample()
  sample.hash.add(model ?? '')
  sample.hash.add(session ?? '')
  const { system, instructions } = (body ?? {}) as Record<string, unknown>
  sample.system(system)
  sample.system(instructions)
  const isTold =
    typeof inputs === 'string' ? sample.prompt(inputs) : sample.leadingMessages(conversation)
  return isTold || session !== undefined ? sample.hash.value : undefined
}

class Sample {
  readonly hash = new TextHash()
  #left = SAMPLE.most

  system(content: unknown): void {
    for (const text of textsOf(content)) {
      if (!text.startsWith(BILLING)) this.#add(text.slice(0, SAMPLE.system))
    }
  }

  /** A prompt grows at its end. Returns whether there is any. */
  prompt(text: string): boolean {
    this.#add(text.slice(0, SAMPLE.system))
    return text !== ''
  }

  /** The messages up to the first answer. Returns whether a user's is among them. */
  leadingMessages(messages: unknown): boolean {
    if (typeof messages === 'string') return this.#user(messages)
    if (!Array.isArray(messages)) return false
    let isTold = false
    for (const message of messages.slice(0, MAX_MESSAGES)) {
      const { role, content } = isObject(message) ? message : {}
      if (role === 'user') isTold = this.#user(content) || isTold
      else if (role === 'system' || role === 'developer') this.system(content)
      else break
    }
    return isTold
  }

  #user(content: unknown): boolean {
    let isTold = false
    for (const text of textsOf(content)) {
      isTold = true
      this.#add(text.slice(0, SAMPLE.head))
      this.#add(text.slice(Math.max(SAMPLE.head, text.length - SAMPLE.tail)))
      this.hash.add(String(text.length))
    }
    return isTold
  }

  #add(text: string): void {
    if (this.#left <= 0) return
    this.hash.add(text)
    this.#left -= text.length
  }
}

/**
 * The length of a conversation in UTF-16 units: of the texts of its messages, or of its prompt. An estimate of
 * what it costs to process it anew, that reads none of them.
 */
export function conversationLength({ conversation, inputs }: ConversationSource): number {
  if (typeof inputs === 'string') return inputs.length
  if (typeof conversation === 'string') return conversation.length
  if (!Array.isArray(conversation)) return 0
  let length = 0
  for (const message of conversation as unknown[]) {
    const { content, output, text } = isObject(message) ? message : {}
    for (const each of [content ?? output, text]) length += lengthOf(each)
  }
  return length
}

function lengthOf(content: unknown): number {
  if (typeof content === 'string') return content.length
  if (!Array.isArray(content)) return 0
  let length = 0
  for (const part of content as unknown[]) {
    if (!isObject(part)) continue
    const { text, content: inner } = part
    length += typeof text === 'string' ? text.length : lengthOf(inner)
  }
  return length
}

/** The most parts of a message that are read. */
const MAX_PARTS = 16

/** The texts of a message, as a string or in parts; an image counts by where its data begins. */
function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content]
  if (!Array.isArray(content)) return []
  return content.slice(0, MAX_PARTS).flatMap((part) => {
    const text = isObject(part) ? textOf(part) : part
    return typeof text === 'string' && text !== '' ? [text] : []
  })
}

function textOf({ text, image_url, source }: Record<string, unknown>): unknown {
  if (text !== undefined) return text
  if (isObject(image_url)) return image_url.url
  if (isObject(source)) return source.data ?? source.url
  return image_url
}
