/** Translates the items of a Responses conversation to chat messages. */
import { quoted } from '../../util/safe/quoted.ts'
import type { ChatMessage, ContentPart } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type {
  FunctionCallOutputItem,
  MessageItem,
  ReasoningItem,
  ResponseItem,
  ResponsePart,
  ResponseTool,
} from '../../wire/responses/request.ts'
import { joinUserTurns, toolResultParts } from '../chat-templates.ts'
import { ruleFor } from '../tools/rule.ts'
import { assistantContent, readableText, toContent, toParts } from './content.ts'
import { INPUT } from './custom-tool-input.ts'
import { fromEncryptedContent } from './encrypted-content.ts'
import type { LocatedItem } from './located-item.ts'
import { ITEMS, type ItemTranslation } from './rules.ts'
import type { DeclaredTool, Toolset } from './tools.ts'

/**
 * One assistant message collects several items: reasoning, text and calls.
 * Throws an `ApiError` (400) that names what a chat cannot hold.
 */
export function toChatMessages(items: readonly LocatedItem[], tools: Toolset): ChatMessage[] {
  const conversation = new MessageBuilder(tools)
  for (const { item, at } of items) conversation.add(item, at)
  if (asksForSummary(items)) conversation.addUserText(SUMMARIZE)
  return conversation.end()
}

/** Whether the request asks for a summary of the conversation instead of the next message. */
export function asksForSummary(items: readonly LocatedItem[]): boolean {
  const last = items.at(-1)
  return last !== undefined && ruleFor(ITEMS, last.item).translation === 'trigger'
}

const SUMMARIZE =
  'Summarize the conversation so far: another assistant will continue it from your summary alone. ' +
  'Keep the task, what was decided and done, what was found out (with names, paths and numbers), ' +
  'and what is left to do. Call no tools; answer with the summary only.'

/** The text for a summary that sluice encoded. Throws an `ApiError` (400) for any other. */
export function summaryText(carried: string, field: string): string {
  return `Summary of the conversation before this point:\n\n${fromEncryptedContent(carried, field)}`
}

type Fields = Record<string, unknown>

class MessageBuilder {
  readonly #messages: ChatMessage[] = []
  readonly #tools: Toolset
  /** The ids of the calls so far, by call_id and by item id. */
  readonly #calls = new Map<string, string>()
  /** The assistant message that the next item may still belong to. */
  #turn: ChatMessage | undefined
  /** Images and files in tool results, for a user message after the results. */
  #attachments: ContentPart[] = []

  constructor(tools: Toolset) {
    this.#tools = tools
  }

  addUserText(content: string): void {
    this.#push({ role: 'user', content })
  }

  add(item: ResponseItem, at: string): void {
    switch (item.type) {
      case 'reasoning':
        this.#addReasoning(item, at)
        break
      case 'function_call':
        this.#addCall(item, declaredTool('function', item), item.arguments)
        break
      case 'function_call_output':
        if (item.call_id == null) this.#addToolMessage(item, at)
        else this.#addResult(item, item.output, at)
        break
      case 'message':
        if (item.role === 'assistant') this.#addAssistantText(item, at)
        else this.#push(toChatMessage(item, at))
        break
      default:
        this.#translate(item as Fields & { type: string }, at)
    }
  }

  /** Items that are translated by the rules. */
  #translate(item: Fields & { type: string }, at: string): void {
    const { translation, handling } = ruleFor(ITEMS, item)
    if (handling === 'left out' || translation === undefined)
      this.#tools.omittedTypes.add(item.type)
    else if (typeof translation === 'object') this.#translateTool(item, translation, at)
    else if (translation === 'custom call') {
      const called = declaredTool('custom', item)
      this.#addCall(item, called, JSON.stringify({ [INPUT]: item.input }))
    } else if (translation === 'custom result') this.#addResult(item, item.output as string, at)
    else if (translation === 'mcp call') this.#addServerCall(item)
    else if (translation === 'agent') this.#addAgentMessage(item)
    else if (translation === 'summary') {
      this.addUserText(summaryText(`${item.encrypted_content}`, `${at}.encrypted_content`))
    }
  }

  #translateTool(item: Fields, as: Exclude<ItemTranslation, string>, at: string): void {
    if ('call' in as) {
      const { call: client } = as
      const called: DeclaredTool = { kind: 'client', name: client.name, client }
      this.#addCall(item, called, JSON.stringify(client.toArguments(item) ?? {}))
      return
    }
    const tools = Array.isArray(item.tools) ? (item.tools as ResponseTool[]) : []
    this.#addResult(item, as.result.toContent(item, this.#tools.functionNames(tools)), at)
  }

  /** One item has both the call and its result. */
  #addServerCall(item: Fields): void {
    const called: DeclaredTool = {
      kind: 'function',
      name: `${item.name}`,
      namespace: `${item.server_label}`,
    }
    this.#addCall({ call_id: item.id }, called, `${item.arguments}`)
    const { error, output } = item
    const failure = error == null ? '' : `Error: ${JSON.stringify(error)}`
    this.#addResult({ call_id: item.id }, failure || `${output ?? ''}`, '')
  }

  /**
   * The "encrypted" parts are plain text if a model behind sluice wrote them, and encrypted if the
   * conversation started at a provider.
   */
  #addAgentMessage({ author, content }: Fields): void {
    const parts = (Array.isArray(content) ? content : []) as ResponsePart[]
    const words = parts.flatMap(readableText).join('')
    const isWhole = parts.every((part) => readableText(part).length > 0)
    if (words === '' || !isWhole) this.#tools.omittedTypes.add('agent_message')
    if (words === '') return
    this.addUserText(typeof author === 'string' ? `${author}: ${words}` : words)
  }

  /** Output of a tool that was not called becomes a user message: a chat has no other way. */
  #addToolMessage({ name, output }: FunctionCallOutputItem, at: string): void {
    const about = name == null ? 'Output of a tool:' : `Output of the tool ${name}:`
    const content = toContent(output, `${at}.output`)
    const isText = typeof content === 'string'
    const parts = isText ? `${about}\n${content}` : [{ type: 'text', text: about }, ...content]
    this.#push({ role: 'user', content: parts })
  }

  /** The result of a call; an older form names the item of the call instead of its call_id. */
  #addResult({ call_id, id }: Fields, content: string | ResponsePart[], at: string): void {
    const named = `${call_id ?? id}`
    const tool_call_id = this.#calls.get(named)
    if (tool_call_id === undefined) throw unknownCall(named, at)
    const { text, shown } = toolResultParts(toParts(content, `${at}.output`))
    this.#push({ role: 'tool', tool_call_id, content: text })
    this.#attachments.push(...shown)
  }

  /** The finished messages; nothing may be added afterwards. */
  end(): ChatMessage[] {
    this.#pushAttachments()
    return joinUserTurns(this.#messages)
  }

  #push(message: ChatMessage): void {
    if (message.role !== 'tool') this.#pushAttachments()
    this.#turn = undefined
    this.#messages.push(message)
  }

  #pushAttachments(): void {
    if (this.#attachments.length === 0) return
    this.#messages.push({ role: 'user', content: this.#attachments })
    this.#attachments = []
  }

  #open(): ChatMessage {
    if (this.#turn === undefined) {
      this.#push({ role: 'assistant', content: null })
      this.#turn = this.#messages.at(-1) as ChatMessage
    }
    return this.#turn
  }

  #addReasoning(item: ReasoningItem, at: string): void {
    const thoughts = item.content?.length ? item.content : item.summary
    let text = thoughts.map((part) => part.text).join('')
    if (text === '' && item.encrypted_content) {
      text = fromEncryptedContent(item.encrypted_content, `${at}.encrypted_content`)
    }
    if (text === '') return
    // Reasoning after text starts a new message. After calls it does not, because nothing may come
    // between calls and their results.
    if (this.#turn?.content && !this.#turn.tool_calls) this.#turn = undefined
    const turn = this.#open()
    turn.reasoning_content = `${turn.reasoning_content ?? ''}${text}`
  }

  #addAssistantText(item: MessageItem, at: string): void {
    const { text, refusal } = assistantContent(item.content, `${at}.content`)
    const { content, tool_calls } = this.#turn ?? {}
    // Nothing may come between calls and their results.
    if (content && !tool_calls) this.#turn = undefined
    const turn = this.#open()
    turn.content = `${turn.content ?? ''}${text}`
    if (refusal !== '') turn.refusal = refusal
    if (turn.content === '' && refusal !== '') turn.content = null
  }

  #addCall({ call_id, id }: Fields, called: DeclaredTool, text: string): void {
    const own = `${call_id ?? id}`
    const name = this.#tools.functionName(called)
    const turn = this.#open()
    turn.tool_calls ??= []
    turn.tool_calls.push({ id: own, type: 'function', function: { name, arguments: text } })
    this.#calls.set(own, own)
    if (typeof id === 'string') this.#calls.set(id, own)
  }
}

function declaredTool(kind: 'function' | 'custom', { name, namespace }: Fields): DeclaredTool {
  return { kind, name: `${name}`, ...(typeof namespace === 'string' && { namespace }) }
}

/** The role developer becomes system, because many servers do not know it. */
function toChatMessage({ role, content }: MessageItem, at: string): ChatMessage {
  const heard = toContent(content, `${at}.content`)
  return { role: role === 'user' ? 'user' : 'system', content: heard }
}

function unknownCall(id: string, at: string) {
  const field = `${at}.call_id`
  const came = quoted(id)
  const message = `${field}: expected the call_id of an earlier call, got ${came}; send that call too, or the previous_response_id of the response that made it.`
  return badRequest(message, field)
}
