/** Translates the messages of Ollama's API to chat messages. */
import type { ChatMessage, ContentPart, Role, ToolCall } from '../../wire/chat/request.ts'
import type { OllamaMessage, OllamaToolCall } from '../../wire/ollama/request.ts'
import { imagePart } from './images.ts'

/** A call whose result has not come yet. */
interface OpenCall {
  id: string
  name: string
}

/**
 * The messages of a chat. Calls get ids, which most of Ollama's clients leave out; a result belongs to the
 * call with its id, else to the first open call of its tool, else to the first open call. Throws an
 * `ApiError` (400).
 */
export function toChatMessages(messages: readonly OllamaMessage[]): ChatMessage[] {
  const translated: ChatMessage[] = []
  let open: OpenCall[] = []
  /** Images of results: a tool's message holds only text, so they follow in one of the user. */
  let shown: ContentPart[] = []
  let calls = 0
  const newId = () => callId(calls++)
  const show = () => {
    if (shown.length > 0) translated.push({ role: 'user', content: shown })
    shown = []
  }
  for (const [index, message] of messages.entries()) {
    const images = imagesOf(message, `messages[${index}]`)
    if (message.role.toLowerCase() === 'tool') {
      const id = message.tool_call_id || takeCall(open, message) || newId()
      open = open.filter((call) => call.id !== id)
      translated.push({ role: 'tool', tool_call_id: id, content: message.content ?? '' })
      shown.push(...images)
      continue
    }
    show()
    const turn = turnOf(message, images, newId)
    if (turn.tool_calls?.length) {
      open = turn.tool_calls.map(({ id = '', function: called }) => {
        return { id, name: called?.name ?? '' }
      })
    }
    translated.push(turn)
  }
  show()
  return translated
}

/**
 * The same for the same conversation, so that a server can reuse its prompt cache. Nine letters and digits:
 * Mistral's templates refuse any other id.
 */
function callId(index: number): string {
  return `call${String(index).padStart(5, '0')}`
}

function takeCall(open: readonly OpenCall[], { tool_name: name, name: former }: OllamaMessage) {
  const named = open.find((call) => call.name === (name || former))
  return (named ?? open[0])?.id
}

function imagesOf({ images }: OllamaMessage, at: string): ContentPart[] {
  return (images ?? []).map((image, index) => imagePart(image, `${at}.images[${index}]`))
}

function turnOf(message: OllamaMessage, images: ContentPart[], newId: () => string): ChatMessage {
  const { content, thinking, tool_calls } = message
  const calls = (tool_calls ?? []).map((call) => toToolCall(call, newId))
  const text = content ?? ''
  return {
    role: message.role.toLowerCase() as Role,
    content: text === '' && calls.length > 0 ? null : contentOf(text, images),
    // Servers read one of these two names.
    ...(thinking && { reasoning_content: thinking, reasoning: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

export function contentOf(text: string, images: ContentPart[]): string | ContentPart[] {
  if (images.length === 0) return text
  return text === '' ? images : [{ type: 'text', text }, ...images]
}

function toToolCall({ id, function: called }: OllamaToolCall, newId: () => string): ToolCall {
  const { name, arguments: given } = called
  const text = typeof given === 'string' ? given : JSON.stringify(given ?? {})
  return { id: id || newId(), type: 'function', function: { name, arguments: text } }
}
