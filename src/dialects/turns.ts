/** Fits translated conversations to chat templates, which are stricter than the APIs that they come from. */
import type { ChatMessage, ContentPart } from '../wire/chat.ts'

/**
 * The messages with those of the user that follow each other as one. Templates such as those of Mistral
 * and Gemma refuse a conversation whose roles do not alternate. Anthropic joins such turns by itself;
 * Codex begins with two user messages.
 */
export function joinUserTurns(messages: readonly ChatMessage[]): ChatMessage[] {
  const turns: ChatMessage[] = []
  for (const message of messages) {
    const before = turns.at(-1)
    const isNext = message.role === 'user' && before?.role === 'user'
    if (isNext) turns[turns.length - 1] = { ...before, content: bothOf(before, message) }
    else turns.push(message)
  }
  return turns
}

function bothOf({ content: first }: ChatMessage, { content: second }: ChatMessage) {
  if (!first || !second) return first || second || ''
  const isText = typeof first === 'string' && typeof second === 'string'
  return isText ? `${first}\n\n${second}` : [...partsOf(first), ...partsOf(second)]
}

function partsOf(content: string | ContentPart[]): ContentPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/**
 * A tool's result as a tool message may hold it, which is text alone, and what the user has to show
 * instead. The text is one string, since many templates render nothing else, its parts on lines of
 * their own, as vLLM and llama-server join them.
 */
export function resultOf(parts: readonly ContentPart[]): { text: string; shown: ContentPart[] } {
  const shown = parts.filter(({ type }) => type !== 'text')
  const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [text as string] : []))
  // Servers refuse a result that is empty, and a model would take it for one that says nothing.
  if (texts.length === 0 && shown.length > 0) texts.push(SHOWN)
  return { text: texts.join('\n'), shown }
}

const SHOWN = 'The result is shown in the next message of the user.'
