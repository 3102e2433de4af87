/** Translates the messages of a Messages request to chat messages. */
import type { ChatMessage, ContentPart, ToolCall } from '../../wire/chat/request.ts'
import type {
  Block,
  MessageParam,
  MessagesRequest,
  ToolResultBlock,
} from '../../wire/messages/request.ts'
import { joinUserTurns, toolResultParts } from '../chat-templates.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { ruleFor } from '../tools/rule.ts'
import { contentOf, partsOf } from './content.ts'
import { ASSISTANT_BLOCKS } from './rules.ts'

/** The whole conversation, with the system prompt first. Throws an `ApiError` (400). */
export function toChatMessages(
  { system, messages }: Pick<MessagesRequest, 'system' | 'messages'>,
  omitted = new OmittedTypes(),
): ChatMessage[] {
  const translated = messages.flatMap((message, index) => {
    return turnOf(message, `messages[${index}]`, omitted)
  })
  const turns = joinUserTurns(resultsFirst(translated))
  const told = typeof system === 'string' ? system : system?.filter(isPrompt)
  return told?.length ? [systemMessage(told), ...turns] : turns
}

/**
 * Moves the tool results of each turn directly behind their calls, where chat templates expect them;
 * clients may send them in several messages.
 */
function resultsFirst(turns: readonly ChatMessage[]): ChatMessage[] {
  const ordered: ChatMessage[] = []
  let others: ChatMessage[] = []
  for (const turn of turns) {
    if (turn.role === 'tool') ordered.push(turn)
    else if (turn.role !== 'assistant') others.push(turn)
    else {
      ordered.push(...others, turn)
      others = []
    }
  }
  return [...ordered, ...others]
}

/**
 * False for the first block of Claude Code's system prompt, which is for Anthropic's billing: it changes
 * with every request, so a server could not reuse its prompt cache.
 */
function isPrompt({ text }: { text: string }): boolean {
  return !text.startsWith('x-anthropic-billing-header:')
}

function systemMessage(content: string | { text: string }[]): ChatMessage {
  const parts = typeof content === 'string' ? [{ text: content }] : content
  return { role: 'system', content: contentOf(parts.map(({ text }) => ({ type: 'text', text }))) }
}

function turnOf({ role, content }: MessageParam, at: string, omitted: OmittedTypes): ChatMessage[] {
  if (role === 'system') return [systemMessage(content as string | { text: string }[])]
  if (typeof content === 'string') return [{ role, content }]
  return role === 'user' ? userTurn(content, at) : assistantTurn(content, omitted)
}

/** Results come first, because chat templates expect them directly after the calls. */
function userTurn(blocks: Block[], at: string): ChatMessage[] {
  const results: ChatMessage[] = []
  const parts: ContentPart[] = []
  for (const [index, block] of blocks.entries()) {
    const path = `${at}.content[${index}]`
    if (block.type !== 'tool_result') {
      parts.push(...partsOf(block, path))
      continue
    }
    const { text, shown } = toolResultParts(partsOfResult(block, path))
    // A chat has no other way to express that the tool failed.
    const content = block.is_error ? `Error: ${text}` : text
    results.push({ role: 'tool', tool_call_id: block.tool_use_id, content })
    parts.push(...shown)
  }
  const isEmpty = parts.length === 0 && results.length > 0
  return isEmpty ? results : [...results, { role: 'user', content: contentOf(parts) }]
}

function partsOfResult({ content }: ToolResultBlock, at: string): ContentPart[] {
  const blocks: Block[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  return blocks.flatMap((block, index) => partsOf(block, `${at}.content[${index}]`))
}

/** Empty if all blocks of the turn are left out. */
function assistantTurn(blocks: Block[], omitted: OmittedTypes): ChatMessage[] {
  let text = ''
  let thought = ''
  const calls: ToolCall[] = []
  let told = 0
  for (const block of blocks) {
    if (ruleFor(ASSISTANT_BLOCKS, block).handling === 'left out') {
      // Encrypted thinking is not reported, because nothing readable is lost.
      if (block.type !== 'redacted_thinking') omitted.add(block.type)
      continue
    }
    told++
    if (block.type === 'thinking') thought += block.thinking
    else if (block.type === 'tool_use') {
      const called = { name: block.name, arguments: JSON.stringify(block.input) }
      calls.push({ id: block.id, type: 'function', function: called })
    } else text += textOf(block)
  }
  if (told === 0 && blocks.length > 0) return []
  return [
    {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      // Servers read one of these two names.
      ...(thought !== '' && { reasoning_content: thought, reasoning: thought }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
  ]
}

/** The text of a block, or the summary in a compaction block. */
function textOf(block: Block): string {
  const { text, content } = block as { text?: unknown; content?: unknown }
  return [text, content].find((value) => typeof value === 'string') ?? ''
}
