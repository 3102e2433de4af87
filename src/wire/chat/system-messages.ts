/**
 * At most one system message, first, and as one string: the only form that all chat templates accept. The
 * templates of Qwen 3.5, some Mistral models and others reject a system message that is not the first, and
 * that of Mistral Small 3.1 reads only `content[0].text`. Many do not know the role `developer`.
 */

import { isObject } from '../../util/object.ts'
import type { ChatMessage, ContentPart } from './message.ts'

/** How system messages are handled: `merge` joins them, `keep` leaves them unchanged. */
export type SystemMessages = 'merge' | 'keep'

/** The chat with its system messages handled as `how` says; the same object if nothing changes. */
export function withSystemMessages<Chat extends { messages: ChatMessage[] }>(
  how: SystemMessages | undefined,
  chat: Chat,
): Chat {
  const messages = how === 'keep' ? chat.messages : withOneSystemMessage(chat.messages)
  return messages === chat.messages ? chat : { ...chat, messages }
}

/**
 * Joins the leading system and developer messages, and moves each later one between `<system>` and
 * `</system>` into the user message before it. After another message, it moves to the start of the next
 * user message, otherwise to the end of the tool result before it, otherwise it becomes a user message. So
 * its position does not change while the conversation grows, and a server's prompt cache stays valid.
 * Returns the same array if nothing changes; never changes a message in place, and loses no content.
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

/** Whether the content of a message can be joined; other content is left for the upstream to check. */
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
  // Joined messages have no single name.
  const isOne = messages.length === 1
  const texts = isOne ? [textOf(first)] : messages.map(namedText).filter((text) => text !== '')
  const others = messages.flatMap(otherParts)
  const text = texts.join('\n\n')
  const content = others.length === 0 ? text : [textPart(text), ...others]
  return { ...(isOne ? first : rest), role: 'system', content }
}

/**
 * Moves later system messages into other messages. Each user message is built once from all of its parts,
 * because a text that grows message by message would be copied each time.
 */
function foldSystemMessages(messages: ChatMessage[]): ChatMessage[] {
  const turns: ChatMessage[] = []
  /** System messages, and the user messages that they are joined with. */
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
    // Nothing may come between calls and their results.
    const waits = message.role === 'tool' && open.every(isSystem)
    if (!waits) close()
    if (message.role === 'user') open.push(message)
    else turns.push(message)
  }
  close()
  return turns
}

/** Whether a user message is joined with the open messages, the last of which is a system message then. */
function isJoined(open: ChatMessage[], { name }: ChatMessage): boolean {
  const last = open.at(-1)
  if (last === undefined || !isSystem(last)) return false
  // Only messages of the same user are joined.
  const user = open.find((message) => !isSystem(message))
  return user === undefined || user.name === name
}

/**
 * Whether these system messages can be appended to a tool result: only if they are text. A user message
 * between the result and the answer would break the alternation of roles, which Mistral's templates check
 * without regard to calls and results.
 */
function canAppend({ role, content }: ChatMessage, systems: ChatMessage[]): boolean {
  const isKnown = typeof content === 'string' || Array.isArray(content)
  return role === 'tool' && isKnown && systems.every((system) => otherParts(system).length === 0)
}

/** Joins several messages, with the fields of those that are not system messages. */
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

/** The text with the name of the message, as in examples of a conversation: `example_user: Hello.` */
function namedText(message: ChatMessage): string {
  const text = textOf(message)
  const { name } = message
  return typeof name === 'string' && name !== '' && text !== '' ? `${name}: ${text}` : text
}

/** The text of a message; its parts on separate lines, as vLLM and llama-server join them. */
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
