/** The turns of a Messages request as chat messages. */
import type { ChatMessage, ContentPart, ToolCall } from '../../wire/chat.ts'
import { badRequest } from '../../wire/errors.ts'
import type { Block, MessageParam, MessagesRequest, ToolResultBlock } from '../../wire/messages.ts'
import { contentOf, partsOf, unknownBlock } from './content.ts'

/** All of the conversation, the system prompt first. Throws an `ApiError` (400). */
export function toChatMessages({
  system,
  messages,
}: Pick<MessagesRequest, 'system' | 'messages'>): ChatMessage[] {
  const turns = messages.flatMap((message, index) => turnOf(message, `messages[${index}]`))
  const told = typeof system === 'string' ? system : system?.filter(isPrompt)
  return told?.length ? [systemMessage(told), ...turns] : turns
}

/**
 * False for the first block of Claude Code's prompt, which is for Anthropic's accounts alone: it
 * changes with every request, so that no server could use its cache of the prompt.
 */
function isPrompt({ text }: { text: string }): boolean {
  return !text.startsWith('x-anthropic-billing-header:')
}

function systemMessage(content: string | { text: string }[]): ChatMessage {
  const parts = typeof content === 'string' ? [{ text: content }] : content
  return { role: 'system', content: contentOf(parts.map(({ text }) => ({ type: 'text', text }))) }
}

function turnOf({ role, content }: MessageParam, at: string): ChatMessage[] {
  if (role === 'system') return [systemMessage(content as string | { text: string }[])]
  if (typeof content === 'string') return [{ role, content }]
  return role === 'user' ? userTurn(content, at) : [assistantTurn(content, at)]
}

/** Results come first, as the calls they answer stand directly before them. */
function userTurn(blocks: Block[], at: string): ChatMessage[] {
  const results: ChatMessage[] = []
  const parts: ContentPart[] = []
  for (const [index, block] of blocks.entries()) {
    const path = `${at}.content[${index}]`
    if (block.type !== 'tool_result') {
      parts.push(...partsOf(block, path))
      continue
    }
    const { text, other } = resultOf(block, path)
    results.push({ role: 'tool', tool_call_id: block.tool_use_id, content: contentOf(text) })
    parts.push(...other)
  }
  const isEmpty = parts.length === 0 && results.length > 0
  return isEmpty ? results : [...results, { role: 'user', content: contentOf(parts) }]
}

/** What a tool message may hold, which is text alone, and what the user has to show instead. */
function resultOf({ content, is_error }: ToolResultBlock, at: string) {
  const blocks: Block[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  const parts = blocks.flatMap((block, index) => partsOf(block, `${at}.content[${index}]`))
  const text = parts.filter(({ type }) => type === 'text')
  // A chat has no other way to say so.
  if (is_error) text.unshift({ type: 'text', text: 'Error: ' })
  return {
    text: is_error ? [joined(text)] : text,
    other: parts.filter(({ type }) => type !== 'text'),
  }
}

function joined(parts: ContentPart[]): ContentPart {
  return { type: 'text', text: parts.map(({ text }) => text).join('') }
}

function assistantTurn(blocks: Block[], at: string): ChatMessage {
  let text = ''
  let thought = ''
  const calls: ToolCall[] = []
  for (const [index, block] of blocks.entries()) {
    if (block.type === 'text') text += block.text
    else if (block.type === 'thinking') thought += block.thinking
    else if (block.type === 'tool_use') {
      const called = { name: block.name, arguments: JSON.stringify(block.input) }
      calls.push({ id: block.id, type: 'function', function: called })
    } else if (block.type !== 'redacted_thinking') {
      // What is redacted only its maker can read, and nothing is lost without it.
      const path = `${at}.content[${index}]`
      throw badRequest(`${path}: ${unknownBlock(block)}`, path)
    }
  }
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    // Some servers read the one name, some the other.
    ...(thought !== '' && { reasoning_content: thought, reasoning: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}
