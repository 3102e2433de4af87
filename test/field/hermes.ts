/** A chat as a model of the Hermes family reads it: the tools, the calls and the results are text of its prompt. */
import type { MlcChatRequest, MlcMessage } from '../../src/engines/webllm/mlc-types.ts'
import type { Reply } from './model.ts'
import type { ChatBody, Message, ToolCall } from './template.ts'

/** The chat that a client has sent, as far as the prompt tells. */
export function readPrompt({ messages, response_format, model }: MlcChatRequest): ChatBody {
  const schema = response_format?.type === 'json_object' ? response_format.schema : undefined
  const body: ChatBody = {
    model,
    messages: readMessages(messages),
    tools: readTools(textIn(messages[0])),
  }
  if (response_format?.type !== 'json_object') return body
  const json_schema = schema === undefined ? {} : { schema: JSON.parse(schema) as unknown }
  return { ...body, response_format: { type: 'json_schema', json_schema } }
}

/** What a model of the family writes to make these calls. */
export function written({ text = '', calls = [] }: Reply): string {
  const own = calls.map(({ name, arguments: args }) => {
    return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${args}}\n</tool_call>`
  })
  return [text, ...own].filter((part) => part !== '').join('\n')
}

/** web-llm puts texts into its templates by `replace`, for which the dollars in them were doubled. */
function textIn(message: MlcMessage | undefined): string {
  const content = message?.content ?? ''
  const text =
    typeof content === 'string'
      ? content
      : content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
  return '{text}'.replace('{text}', text)
}

function readTools(system: string): { type: string; function: unknown }[] {
  const begin = system.lastIndexOf('\n<tools>\n')
  if (begin < 0) return []
  const end = system.indexOf('\n</tools>', begin)
  const lines = system.slice(begin + '\n<tools>\n'.length, end).split('\n')
  return lines.map((line) => JSON.parse(line) as { type: string; function: unknown })
}

/** Calls get ids, by which each result is told from the others: a prompt has none, only an order. */
function readMessages(messages: readonly MlcMessage[]): Message[] {
  let count = 0
  let open: string[] = []
  return messages.flatMap((message): Message[] => {
    const text = textIn(message)
    if (message.role === 'assistant') {
      const calls = blocksOf(text, 'tool_call').map((json) => callOf(json, `call${++count}`))
      open = calls.map(({ id }) => String(id))
      const content = text.split('<tool_call>', 1)[0]?.trimEnd() ?? ''
      return [{ role: 'assistant', content, ...(calls.length > 0 && { tool_calls: calls }) }]
    }
    if (message.role !== 'tool') return [{ role: message.role, content: text }]
    return blocksOf(text, 'tool_response').map((content, at) => {
      return { role: 'tool', content, tool_call_id: open[at] }
    })
  })
}

function callOf(json: string, id: string): ToolCall {
  const { name, arguments: args } = JSON.parse(json) as { name: string; arguments: unknown }
  return { id, function: { name, arguments: JSON.stringify(args) } }
}

/** The texts between a tag and its end, each of which has a line of its own. */
function blocksOf(text: string, tag: string): string[] {
  const [, ...rest] = text.split(`<${tag}>\n`)
  return rest.map((part) => part.split(`\n</${tag}>`, 1)[0] ?? '')
}
