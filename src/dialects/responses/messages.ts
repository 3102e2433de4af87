/** The items of a Responses conversation as the messages of a chat. */
import type { ChatMessage, ContentPart } from '../../wire/chat.ts'
import { badRequest } from '../../wire/errors.ts'
import type {
  FunctionCallItem,
  MessageItem,
  ReasoningItem,
  ResponseItem,
  ResponsePart,
} from '../../wire/responses.ts'
import { fromCarried } from './carried.ts'

/** An item, and where a client finds it: `input[2]`. */
export interface Placed {
  item: ResponseItem
  at: string
}

/**
 * One message of the assistant's holds what several items tell: what it thought, said and called.
 * Throws an `ApiError` (400) that names what has no place in a chat.
 */
export function toMessages(items: readonly Placed[]): ChatMessage[] {
  const conversation = new Conversation()
  for (const { item, at } of items) conversation.add(item, at)
  return conversation.messages
}

/** The items that a chat can tell. */
const ITEMS = ['message', 'function_call', 'function_call_output', 'reasoning', 'item_reference']

class Conversation {
  readonly messages: ChatMessage[] = []
  readonly #calls = new Set<string>()
  /** The assistant's message that the next item may still belong to. */
  #turn: ChatMessage | undefined

  add(item: ResponseItem, at: string): void {
    switch (item.type) {
      case 'reasoning':
        this.#think(item, at)
        break
      case 'function_call':
        this.#call(item)
        break
      case 'function_call_output':
        if (!this.#calls.has(item.call_id)) throw uncalled(item.call_id, at)
        this.#push({
          role: 'tool',
          tool_call_id: item.call_id,
          content: toContent(item.output, `${at}.output`),
        })
        break
      case 'message':
        if (item.role === 'assistant') this.#say(item, at)
        else this.#push(told(item, at))
        break
      default:
        throw unknownType(item, at, ITEMS)
    }
  }

  #push(message: ChatMessage): void {
    this.#turn = undefined
    this.messages.push(message)
  }

  #open(): ChatMessage {
    if (this.#turn === undefined) {
      this.#push({ role: 'assistant', content: null })
      this.#turn = this.messages.at(-1) as ChatMessage
    }
    return this.#turn
  }

  #think(item: ReasoningItem, at: string): void {
    const thoughts = item.content?.length ? item.content : item.summary
    let text = thoughts.map((part) => part.text).join('')
    if (text === '' && item.encrypted_content) {
      text = fromCarried(item.encrypted_content, `${at}.encrypted_content`)
    }
    // What it thought comes before what it said.
    if (this.#turn?.content || this.#turn?.tool_calls) this.#turn = undefined
    if (text === '') return
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

  #call({ call_id, name, arguments: text }: FunctionCallItem): void {
    const turn = this.#open()
    turn.tool_calls ??= []
    turn.tool_calls.push({ id: call_id, type: 'function', function: { name, arguments: text } })
    this.#calls.add(call_id)
  }
}

/** Servers know a developer as the system too, and many by no other name. */
function told({ role, content }: MessageItem, at: string): ChatMessage {
  const heard = toContent(content, `${at}.content`)
  return { role: role === 'user' ? 'user' : 'system', content: heard }
}

function spoken(parts: ResponsePart[], at: string): { text: string; refusal: string } {
  let text = ''
  let refusal = ''
  for (const [index, part] of parts.entries()) {
    if (part.type === 'refusal') refusal += part.refusal
    else if (part.type === 'output_text' || part.type === 'input_text') text += part.text
    else throw unknownType(part, `${at}[${index}]`, ['output_text', 'refusal'])
  }
  return { text, refusal }
}

/** A text where there is only text: every server takes that. */
function toContent(content: string | ResponsePart[], at: string): string | ContentPart[] {
  if (typeof content === 'string') return content
  const parts = content.map((part, index) => toPart(part, `${at}[${index}]`))
  const [first] = parts
  if (first === undefined) return ''
  return parts.length === 1 && first.type === 'text' ? (first.text as string) : parts
}

function toPart(part: ResponsePart, at: string): ContentPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text as string }
    case 'input_image':
      return toImage(part, at)
    case 'input_file':
      return toFile(part, at)
    case 'input_audio':
      return { type: 'input_audio', input_audio: part.input_audio }
    default:
      throw unknownType(part, at, ['input_text', 'input_image', 'input_file', 'input_audio'])
  }
}

function toImage({ image_url, detail }: ResponsePart, at: string): ContentPart {
  const field = `${at}.image_url`
  if (typeof image_url !== 'string') {
    throw badRequest(
      `${field}: expected a URL: sluice keeps no files, and knows none by id.`,
      field,
    )
  }
  return { type: 'image_url', image_url: { url: image_url, ...(detail != null && { detail }) } }
}

function toFile({ file_data, filename }: ResponsePart, at: string): ContentPart {
  const field = `${at}.file_data`
  if (typeof file_data !== 'string') {
    const reason = 'sluice fetches no files, and knows none by id.'
    throw badRequest(`${field}: expected the file's data as base64: ${reason}`, field)
  }
  return { type: 'file', file: { file_data, ...(filename != null && { filename }) } }
}

function unknownType({ type }: { type: string }, at: string, known: string[]) {
  const expected = known.map((type) => JSON.stringify(type)).join(', ')
  const came = JSON.stringify(type.slice(0, 40))
  return badRequest(`${at}.type: expected one of ${expected}, got ${came}.`, `${at}.type`)
}

function uncalled(id: string, at: string) {
  const field = `${at}.call_id`
  const came = JSON.stringify(id.slice(0, 80))
  const message = `${field}: expected the call_id of a function_call before it, got ${came}.`
  return badRequest(
    `${message} Send that call too, or the previous_response_id that has it.`,
    field,
  )
}
