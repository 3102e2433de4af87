/** The items of a Responses conversation as the messages of a chat. */
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
import { joinUserTurns, resultOf } from '../chat-templates.ts'
import { ruleFor } from '../tools/rule.ts'
import { spoken, toContent, toParts, wordsOf } from './content.ts'
import { INPUT } from './custom-tool-input.ts'
import { fromCarried } from './encrypted-content.ts'
import type { Placed } from './located-item.ts'
import { ITEMS, type ItemTranslation } from './rules.ts'
import type { Called, Toolset } from './tools.ts'

/**
 * One message of the assistant's holds what several items tell: what it thought, said and called.
 * Throws an `ApiError` (400) that names what has no place in a chat.
 */
export function toMessages(items: readonly Placed[], tools: Toolset): ChatMessage[] {
  const conversation = new Conversation(tools)
  for (const { item, at } of items) conversation.add(item, at)
  if (asksForSummary(items)) conversation.ask(SUMMARIZE)
  return conversation.end()
}

/** Whether the conversation is to be summarized instead of being continued. */
export function asksForSummary(items: readonly Placed[]): boolean {
  const last = items.at(-1)
  return last !== undefined && ruleFor(ITEMS, last.item).as === 'trigger'
}

const SUMMARIZE =
  'Summarize the conversation so far: another assistant will continue it from your summary alone. ' +
  'Keep the task, what was decided and done, what was found out (with names, paths and numbers), ' +
  'and what is left to do. Call no tools; answer with the summary only.'

/** What a model is told of a summary that sluice gave. Throws an `ApiError` (400) for any other. */
export function summaryText(carried: string, field: string): string {
  return `Summary of the conversation before this point:\n\n${fromCarried(carried, field)}`
}

type Fields = Record<string, unknown>

class Conversation {
  readonly #messages: ChatMessage[] = []
  readonly #tools: Toolset
  /** The calls so far: each by its own id, and by that of its item. */
  readonly #calls = new Map<string, string>()
  /** The assistant's message that the next item may still belong to. */
  #turn: ChatMessage | undefined
  /** What tools gave besides text: the user shows it behind the results. */
  #shown: ContentPart[] = []

  constructor(tools: Toolset) {
    this.#tools = tools
  }

  ask(content: string): void {
    this.#push({ role: 'user', content })
  }

  add(item: ResponseItem, at: string): void {
    switch (item.type) {
      case 'reasoning':
        this.#think(item, at)
        break
      case 'function_call':
        this.#call(item, calledAs('function', item), item.arguments)
        break
      case 'function_call_output':
        if (item.call_id == null) this.#hearTool(item, at)
        else this.#answer(item, item.output, at)
        break
      case 'message':
        if (item.role === 'assistant') this.#say(item, at)
        else this.#push(told(item, at))
        break
      default:
        this.#translate(item as Fields & { type: string }, at)
    }
  }

  /** What no chat has a word for by itself. */
  #translate(item: Fields & { type: string }, at: string): void {
    const { as, fate } = ruleFor(ITEMS, item)
    if (fate === 'left out' || as === undefined) this.#tools.omitted.add(item.type)
    else if (typeof as === 'object') this.#translateTool(item, as, at)
    else if (as === 'custom call') {
      const called = calledAs('custom', item)
      this.#call(item, called, JSON.stringify({ [INPUT]: item.input }))
    } else if (as === 'custom result') this.#answer(item, item.output as string, at)
    else if (as === 'mcp call') this.#callServer(item)
    else if (as === 'agent') this.#hearAgent(item)
    else if (as === 'summary') {
      this.ask(summaryText(`${item.encrypted_content}`, `${at}.encrypted_content`))
    }
  }

  #translateTool(item: Fields, as: Exclude<ItemTranslation, string>, at: string): void {
    if ('call' in as) {
      const { call: client } = as
      const called: Called = { kind: 'client', name: client.name, client }
      this.#call(item, called, JSON.stringify(client.toArguments(item) ?? {}))
      return
    }
    const tools = Array.isArray(item.tools) ? (item.tools as ResponseTool[]) : []
    this.#answer(item, as.result.toContent(item, this.#tools.namesOf(tools)), at)
  }

  /** A server's own call is whole in one item. */
  #callServer(item: Fields): void {
    const called: Called = {
      kind: 'function',
      name: `${item.name}`,
      namespace: `${item.server_label}`,
    }
    this.#call({ call_id: item.id }, called, `${item.arguments}`)
    const { error, output } = item
    const failure = error == null ? '' : `Error: ${JSON.stringify(error)}`
    this.#answer({ call_id: item.id }, failure || `${output ?? ''}`, '')
  }

  /**
   * What is said to be encrypted was written by a model that was asked in chat, so that nobody has
   * encrypted it, unless the conversation began at a provider.
   */
  #hearAgent({ author, content }: Fields): void {
    const parts = (Array.isArray(content) ? content : []) as ResponsePart[]
    const words = parts.flatMap(wordsOf).join('')
    const isWhole = parts.every((part) => wordsOf(part).length > 0)
    if (words === '' || !isWhole) this.#tools.omitted.add('agent_message')
    if (words === '') return
    this.ask(typeof author === 'string' ? `${author}: ${words}` : words)
  }

  /** What a tool says that was not called: in a chat only a user may. */
  #hearTool({ name, output }: FunctionCallOutputItem, at: string): void {
    const about = name == null ? 'Output of a tool:' : `Output of the tool ${name}:`
    const content = toContent(output, `${at}.output`)
    const isText = typeof content === 'string'
    const parts = isText ? `${about}\n${content}` : [{ type: 'text', text: about }, ...content]
    this.#push({ role: 'user', content: parts })
  }

  /** The result of a call; an old form names the call's item instead of the call. */
  #answer({ call_id, id }: Fields, content: string | ResponsePart[], at: string): void {
    const named = `${call_id ?? id}`
    const tool_call_id = this.#calls.get(named)
    if (tool_call_id === undefined) throw uncalled(named, at)
    const { text, shown } = resultOf(toParts(content, `${at}.output`))
    this.#push({ role: 'tool', tool_call_id, content: text })
    this.#shown.push(...shown)
  }

  /** All messages. Nothing is added to them any more. */
  end(): ChatMessage[] {
    this.#show()
    return joinUserTurns(this.#messages)
  }

  #push(message: ChatMessage): void {
    if (message.role !== 'tool') this.#show()
    this.#turn = undefined
    this.#messages.push(message)
  }

  #show(): void {
    if (this.#shown.length === 0) return
    this.#messages.push({ role: 'user', content: this.#shown })
    this.#shown = []
  }

  #open(): ChatMessage {
    if (this.#turn === undefined) {
      this.#push({ role: 'assistant', content: null })
      this.#turn = this.#messages.at(-1) as ChatMessage
    }
    return this.#turn
  }

  #think(item: ReasoningItem, at: string): void {
    const thoughts = item.content?.length ? item.content : item.summary
    let text = thoughts.map((part) => part.text).join('')
    if (text === '' && item.encrypted_content) {
      text = fromCarried(item.encrypted_content, `${at}.encrypted_content`)
    }
    if (text === '') return
    // What it thought comes before what it said. But other calls of the turn may follow, and nothing
    // may stand between calls and their results.
    if (this.#turn?.content && !this.#turn.tool_calls) this.#turn = undefined
    const turn = this.#open()
    turn.reasoning_content = `${turn.reasoning_content ?? ''}${text}`
  }

  #say(item: MessageItem, at: string): void {
    const { text, refusal } = spoken(item.content, `${at}.content`)
    const { content, tool_calls } = this.#turn ?? {}
    // Between calls and their outputs nothing may stand.
    if (content && !tool_calls) this.#turn = undefined
    const turn = this.#open()
    turn.content = `${turn.content ?? ''}${text}`
    if (refusal !== '') turn.refusal = refusal
    if (turn.content === '' && refusal !== '') turn.content = null
  }

  #call({ call_id, id }: Fields, called: Called, text: string): void {
    const own = `${call_id ?? id}`
    const name = this.#tools.nameOf(called)
    const turn = this.#open()
    turn.tool_calls ??= []
    turn.tool_calls.push({ id: own, type: 'function', function: { name, arguments: text } })
    this.#calls.set(own, own)
    if (typeof id === 'string') this.#calls.set(id, own)
  }
}

function calledAs(kind: 'function' | 'custom', { name, namespace }: Fields): Called {
  return { kind, name: `${name}`, ...(typeof namespace === 'string' && { namespace }) }
}

/** Servers know a developer as the system too, and many by no other name. */
function told({ role, content }: MessageItem, at: string): ChatMessage {
  const heard = toContent(content, `${at}.content`)
  return { role: role === 'user' ? 'user' : 'system', content: heard }
}

function uncalled(id: string, at: string) {
  const field = `${at}.call_id`
  const came = JSON.stringify(id.slice(0, 80))
  const message = `${field}: expected the call_id of a call before it, got ${came}.`
  return badRequest(
    `${message} Send that call too, or the previous_response_id that has it.`,
    field,
  )
}
