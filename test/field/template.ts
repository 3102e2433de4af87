/** What strict chat templates and servers refuse, in the words that they use. */

export interface ToolCall {
  id?: unknown
  function?: { name?: unknown; arguments?: unknown }
}

export interface Message {
  role?: unknown
  content?: unknown
  tool_calls?: ToolCall[]
  tool_call_id?: unknown
}

export interface ChatBody {
  model?: string
  messages?: Message[]
  tools?: { type?: unknown; function?: unknown }[]
  tool_choice?: unknown
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  response_format?: { type?: string; json_schema?: { schema?: unknown } }
}

/** Mistral's templates take no other form. */
const TOOL_CALL_ID = /^[A-Za-z0-9]{9}$/

/** Why a strict template would not render this request; undefined where it would. */
export function refusalOf(body: ChatBody): string | undefined {
  const { messages = [] } = body
  if (messages.length === 0) return 'messages is empty.'
  for (const [at, message] of messages.entries()) {
    const why = shapeError(message, at)
    if (why !== undefined) return why
  }
  if (!messages.some(({ role }) => role === 'user')) return 'No user query found in messages.'
  return callsError(messages) ?? toolsError(body)
}

function shapeError({ role, content, tool_calls }: Message, at: number): string | undefined {
  if (!['system', 'user', 'assistant', 'tool'].includes(String(role))) {
    return `Unexpected message role: ${role}.`
  }
  if (role === 'system' && at > 0) return 'System message must be at the beginning.'
  if (role === 'assistant') {
    if (!tool_calls?.length && !content) {
      return 'Assistant message must have either content or tool_calls, but not none.'
    }
    if (content === null || content === undefined) return undefined
  }
  return contentError(String(role), content)
}

/** Servers join parts of text into one string before a template sees them, except for the system's. */
function contentError(role: string, content: unknown): string | undefined {
  if (typeof content === 'string') return undefined
  const parts: { type?: unknown }[] = Array.isArray(content) ? content : []
  // Templates of Mistral read content[0]['text'] and drop what follows.
  if (parts.length === 0 || (role === 'system' && parts.length > 1)) {
    return `The content of a ${role} message must be a string.`
  }
  const allowed = role === 'user' ? ['text', 'image_url', 'input_audio', 'file'] : ['text']
  const foreign = parts.find(({ type }) => !allowed.includes(String(type)))
  return foreign && `A ${role} message has a part of type ${foreign.type}.`
}

/** Each call is answered once, by its own id, before anybody says anything else. */
function callsError(messages: Message[]): string | undefined {
  let open = new Set<unknown>()
  for (const { role, tool_calls, tool_call_id } of messages) {
    if (role === 'tool') {
      if (!open.delete(tool_call_id)) return `Tool message for an unknown call: ${tool_call_id}.`
      continue
    }
    if (open.size > 0) return `Tool calls without a result: ${[...open].join(', ')}.`
    const ids = (tool_calls ?? []).map(({ id }) => id)
    const wrong = ids.find((id) => !TOOL_CALL_ID.test(String(id)))
    if (wrong !== undefined) {
      return `Tool call IDs should be alphanumeric strings with length 9, got ${wrong}.`
    }
    open = new Set(ids)
  }
  return open.size > 0 ? `Tool calls without a result: ${[...open].join(', ')}.` : undefined
}

function toolsError({ tools, tool_choice }: ChatBody): string | undefined {
  if (tools?.length === 0) return "[] is too short - 'tools'"
  const foreign = tools?.find(({ type }) => type !== 'function')
  if (foreign) return `Input should be 'function', got ${foreign.type} - 'tools'`
  if (tools === undefined && tool_choice !== undefined && tool_choice !== 'none') {
    return "'tool_choice' is only allowed when 'tools' are specified."
  }
  return undefined
}

/** The text of a message's content, whatever its form. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => String((part as { text?: unknown } | null)?.text ?? '')).join('\n')
}
