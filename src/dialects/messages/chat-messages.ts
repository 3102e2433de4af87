/** The turns of a Messages request as chat messages. */
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

/** All of the conversation, the system prompt first. Throws an `ApiError` (400). */
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
 * Each turn's results in front of what else comes before the next answer, since nothing may stand
 * between calls and their results, which clients may send in several messages.
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

function turnOf({ role, content }: MessageParam, at: string, omitted: OmittedTypes): ChatMessage[] {
  if (role === 'system') return [systemMessage(content as string | { text: string }[])]
  if (typeof content === 'string') return [{ role, content }]
  return role === 'user' ? userTurn(content, at) : assistantTurn(content, omitted)
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
    const { text, shown } = toolResultParts(partsOfResult(block, path))
    // A chat has no other way to say that the tool failed.
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

/** Nothing where all of the turn is left out. */
function assistantTurn(blocks: Block[], omitted: OmittedTypes): ChatMessage[] {
  let text = ''
  let thought = ''
  const calls: ToolCall[] = []
  let told = 0
  for (const block of blocks) {
    if (ruleFor(ASSISTANT_BLOCKS, block).handling === 'left out') {
      // Nothing is lost without what nobody can read.
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
      // Some servers read the one name, some the other.
      ...(thought !== '' && { reasoning_content: thought, reasoning: thought }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
  ]
}

/** What was said, or the summary of it. */
function textOf(block: Block): string {
  const { text, content } = block as { text?: unknown; content?: unknown }
  return [text, content].find((value) => typeof value === 'string') ?? ''
}
