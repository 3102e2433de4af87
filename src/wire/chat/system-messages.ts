/**
 * One system message at most, first, and as one string: the only form that all chat templates take.
 * Those of Qwen 3.5, some of Mistral's models and others refuse a system message that is not the first,
 * and that of Mistral Small 3.1 reads `content[0].text` alone. Many know no `developer`.
 */

import { isObject } from '../../util/object.ts'
import type { ChatMessage, ContentPart } from './message.ts'

/** What is done with system messages: `merge` makes them one, `keep` leaves them as they came. */
export type SystemMessages = 'merge' | 'keep'

/** The chat with its system messages in this form; the very object where it has it. */
export function withSystemMessages<Chat extends { messages: ChatMessage[] }>(
  how: SystemMessages | undefined,
  chat: Chat,
): Chat {
  const messages = how === 'keep' ? chat.messages : withOneSystemMessage(chat.messages)
  return messages === chat.messages ? chat : { ...chat, messages }
}

/**
 * The messages with the leading system and developer messages as one, and each later one between
 * `<system>` and `</system>` in the turn of the user's that it follows. Where it follows another
 * message, it goes to the start of the user's turn behind it, or else to the end of the tool result
 * before it, or else it becomes a turn of the user's. So it stays in its place while the conversation
 * grows, as a server's cache of the prompt wants it. The very array where there is nothing to do;
 * otherwise no message of it is changed, and nothing is lost.
 */
export function withOneSystemMessage(messages: ChatMessage[]): ChatMessage[] {
  const head = messages.findIndex((message) => !isSystem(message))
  const leading = head === -1 ? messages : messages.slice(0, head)
  const rest = head === -1 ? [] : messages.slice(head)
  const isFit = leading.length === 0 || (leading.length === 1 && isPlain(leading[0]))
  if (isFit && !rest.some(isSystem)) return messages
  if (!messages.every(isReadable)) return messages
  const turns = foldSystemMessages(rest)
  return leading.length === 0
    ? turns
    : [isFit ? (leading[0] as ChatMessage) : mergeLeading(leading), ...turns]
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

function mergeLeading(messages: ChatMessage[]): ChatMessage {
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

/**
 * Later system messages within the turns of others. Each turn of the user's is built once, from all of
 * its messages: a text that grew message by message would be copied as often.
 */
function foldSystemMessages(messages: ChatMessage[]): ChatMessage[] {
  const turns: ChatMessage[] = []
  /** System messages, and the user's messages that they join. */
  let open: ChatMessage[] = []
  function close(): void {
    const [first] = open
    if (first === undefined) return
    const result = turns.at(-1)
    if (open.every(isSystem) && result !== undefined && canAppend(result, open)) {
      turns[turns.length - 1] = joinMessages([result, ...open])
    } else turns.push(open.length === 1 && !isSystem(first) ? first : joinMessages(open))
    open = []
  }
  for (const message of messages) {
    if (isSystem(message) || (message.role === 'user' && isJoined(open, message))) {
      open.push(message)
      continue
    }
    // Nothing may stand between calls and their results.
    const waits = message.role === 'tool' && open.every(isSystem)
    if (!waits) close()
    if (message.role === 'user') open.push(message)
    else turns.push(message)
  }
  close()
  return turns
}

/** Whether a message of the user's belongs to a turn, whose last message is a system message then. */
function isJoined(open: ChatMessage[], { name }: ChatMessage): boolean {
  const last = open.at(-1)
  if (last === undefined || !isSystem(last)) return false
  // One name can't stand for two users. All messages of the user's in a turn have the same.
  const user = open.find((message) => !isSystem(message))
  return user === undefined || user.name === name
}

/**
 * Whether a message is a tool's result that can hold these, which only texts can. As a turn of the
 * user's between the result and the answer they would break the alternation of roles, which Mistral's
 * templates check without regard to calls and results.
 */
function canAppend({ role, content }: ChatMessage, systems: ChatMessage[]): boolean {
  const isKnown = typeof content === 'string' || Array.isArray(content)
  return role === 'tool' && isKnown && systems.every((system) => otherParts(system).length === 0)
}

/** Several messages as one, with the fields of those that are no system's. */
function joinMessages(messages: ChatMessage[]): ChatMessage {
  const turn: ChatMessage = { role: 'user' }
  for (const message of messages) if (!isSystem(message)) Object.assign(turn, message)
  const isText = messages.every((message) => {
    return isSystem(message) ? otherParts(message).length === 0 : !Array.isArray(message.content)
  })
  if (!isText) return { ...turn, content: messages.flatMap(partsWithin) }
  const texts = messages.map((message) => (isSystem(message) ? tagged(message) : message.content))
  return { ...turn, content: texts.filter(Boolean).join('\n\n') }
}

function partsWithin(message: ChatMessage): ContentPart[] {
  if (isSystem(message)) return taggedParts(message)
  const { content } = message
  return Array.isArray(content) ? content : content ? [textPart(content)] : []
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
