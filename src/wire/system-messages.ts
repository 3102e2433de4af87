/**
 * One system message at most, first, and as one string: the only form that all chat templates take.
 * Those of Qwen 3.5, some of Mistral's models and others refuse a system message that is not the first,
 * and that of Mistral Small 3.1 reads `content[0].text` alone. Many know no `developer`.
 */
import type { ChatMessage, ContentPart } from './message.ts'
import { isObject } from './object.ts'

/** What is done with system messages: `merge` makes them one, `keep` leaves them as they came. */
export type SystemMessages = 'merge' | 'keep'

/** The chat with its system messages in this form; the very object where it has it. */
export function systemAs<Chat extends { messages: ChatMessage[] }>(
  how: SystemMessages | undefined,
  chat: Chat,
): Chat {
  const messages = how === 'keep' ? chat.messages : withOneSystemMessage(chat.messages)
  return messages === chat.messages ? chat : { ...chat, messages }
}

/**
 * The messages with the leading system and developer messages as one, and each later one within a
 * user's turn, between `<system>` and `</system>`: in front of the next turn of the user's, or, where
 * none follows, behind the turn before it or as a turn of its own. The very array where there is
 * nothing to do; otherwise no message of it is changed, and nothing is lost.
 */
export function withOneSystemMessage(messages: ChatMessage[]): ChatMessage[] {
  const head = messages.findIndex((message) => !isSystem(message))
  const leading = head === -1 ? messages : messages.slice(0, head)
  const rest = head === -1 ? [] : messages.slice(head)
  const isFit = leading.length === 0 || (leading.length === 1 && isPlain(leading[0]))
  if (isFit && !rest.some(isSystem)) return messages
  if (!messages.every(isReadable)) return messages
  const turns = folded(rest)
  return leading.length === 0
    ? turns
    : [isFit ? (leading[0] as ChatMessage) : merged(leading), ...turns]
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}

/** Whether what a message says has a form that can be joined: only an upstream can judge any other. */
function isReadable(message: ChatMessage): boolean {
  const { content } = message
  if (!isSystem(message) && message.role !== 'user') return true
  return typeof content === 'string' || content == null || Array.isArray(content)
}

function isPlain(message: ChatMessage | undefined): boolean {
  return message?.role === 'system' && typeof message.content === 'string'
}

function merged(messages: ChatMessage[]): ChatMessage {
  const [first = { role: 'system' }] = messages
  const { name: _name, ...rest } = first
  // One name can't stand for several messages.
  const isOne = messages.length === 1
  const texts = isOne ? [textOf(first)] : messages.map(namedText).filter((text) => text !== '')
  const others = messages.flatMap(otherParts)
  const text = texts.join('\n\n')
  const content = others.length === 0 ? text : [textPart(text), ...others]
  return { ...(isOne ? first : rest), role: 'system', content }
}

/** Later system messages within the turns of the user's. */
function folded(messages: ChatMessage[]): ChatMessage[] {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user')
  const turns: ChatMessage[] = []
  let waiting: ChatMessage[] = []
  for (const [at, message] of messages.entries()) {
    const before = turns.at(-1)
    if (isSystem(message)) {
      const isBehindUser = at > lastUser && waiting.length === 0 && before?.role === 'user'
      if (isBehindUser) turns[turns.length - 1] = extended(before, [], [message])
      else waiting.push(message)
      continue
    }
    if (waiting.length > 0 && message.role === 'user') {
      turns.push(extended(message, waiting, []))
      waiting = []
      continue
    }
    // Nothing may stand between calls and their results.
    if (waiting.length > 0 && at > lastUser && message.role !== 'tool') {
      turns.push(ownTurn(waiting))
      waiting = []
    }
    turns.push(message)
  }
  return waiting.length > 0 ? [...turns, ownTurn(waiting)] : turns
}

function ownTurn(systems: ChatMessage[]): ChatMessage {
  return extended({ role: 'user', content: '' }, systems, [])
}

/** A turn of the user's with system messages before and behind what it says. */
function extended(turn: ChatMessage, before: ChatMessage[], behind: ChatMessage[]): ChatMessage {
  const { content } = turn
  const others = [...before, ...behind].flatMap(otherParts)
  if (Array.isArray(content) || others.length > 0) {
    const said = Array.isArray(content) ? content : [textPart(content ?? '')]
    const parts = [...before.flatMap(taggedParts), ...said, ...behind.flatMap(taggedParts)]
    return { ...turn, content: parts }
  }
  const texts = [...before.map(tagged), content ?? '', ...behind.map(tagged)]
  return { ...turn, content: texts.filter((text) => text !== '').join('\n\n') }
}

function taggedParts(message: ChatMessage): ContentPart[] {
  const text = tagged(message)
  return [...(text === '' ? [] : [textPart(text)]), ...otherParts(message)]
}

function tagged(message: ChatMessage): string {
  const text = namedText(message)
  return text === '' ? '' : `<system>\n${text}\n</system>`
}

/** Its text behind its name, as the examples of a conversation have one: `example_user: Hello.` */
function namedText(message: ChatMessage): string {
  const text = textOf(message)
  const { name } = message
  return typeof name === 'string' && name !== '' && text !== '' ? `${name}: ${text}` : text
}

/** Its text; its parts on lines of their own, as vLLM and llama-server join them. */
function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content
  const texts = (content ?? []).filter(isText).map(({ text }) => text as string)
  return texts.filter((text) => text !== '').join('\n')
}

function otherParts({ content }: ChatMessage): ContentPart[] {
  return Array.isArray(content) ? content.filter((part) => !isText(part)) : []
}

function isText(part: unknown): boolean {
  return isObject(part) && part.type === 'text' && typeof part.text === 'string'
}

function textPart(text: string): ContentPart {
  return { type: 'text', text }
}
