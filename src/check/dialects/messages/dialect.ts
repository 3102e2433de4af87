import { isObject } from '../../../util/object.ts'
import type { CheckedApi, CollectedAnswer, JsonFields } from '../dialect.ts'
import { checkMessagesStream } from './stream.ts'

/** `POST /v1/messages`, Anthropic's API. */
export const messages: CheckedApi = {
  name: 'messages',
  path: '/messages',
  asksUsage: false,
  hasTools: true,
  invalidFields: { messages: 'hello' },
  headersFor: (key) => ({
    'anthropic-version': '2023-06-01',
    ...(key !== undefined && { 'x-api-key': key }),
  }),
  // The API requires a limit.
  body: ({ model, text, limit = 4_096, stream, tool, schema }) => ({
    ...(model !== undefined && { model }),
    max_tokens: limit,
    messages: [{ role: 'user', content: text }],
    ...(stream && { stream }),
    ...(tool && {
      tools: [{ name: tool.name, description: tool.description, input_schema: tool.parameters }],
      tool_choice: { type: 'any' },
    }),
    ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
  }),
  checkStream: checkMessagesStream,
  problemInAnswer({ type, content, stop_reason }) {
    if (type !== 'message') return `type: ${JSON.stringify(type)}`
    const isWhole = Array.isArray(content) && typeof stop_reason === 'string'
    return isWhole ? undefined : 'content is not a list, or stop_reason is missing'
  },
  isErrorBody: ({ type, error }) =>
    type === 'error' &&
    isObject(error) &&
    typeof error.type === 'string' &&
    typeof error.message === 'string',
  collect,
  finishReasons: { call: 'tool_use', limit: 'max_tokens' },
  hasOutput({ type, delta }) {
    if (type !== 'content_block_delta' || !isObject(delta)) return false
    return Object.entries(delta).some(([name, value]) => name !== 'type' && value !== '')
  },
  tokenCount({ type, usage }) {
    if (type !== 'message_delta' || !isObject(usage)) return undefined
    return typeof usage.output_tokens === 'number' ? usage.output_tokens : undefined
  },
}

function collect(events: readonly JsonFields[]): CollectedAnswer {
  const answer: CollectedAnswer = { text: '', calls: [], finishReason: undefined }
  for (const { type, index, content_block: block, delta } of events) {
    const at = index as number
    if (type === 'content_block_start' && isObject(block) && block.type === 'tool_use') {
      answer.calls[at] = { id: block.id, name: block.name, arguments: '' }
    }
    if (!isObject(delta)) continue
    const call = answer.calls[at]
    if (delta.type === 'text_delta') answer.text += delta.text
    else if (delta.type === 'input_json_delta' && call) call.arguments += delta.partial_json
    else if (type === 'message_delta') answer.finishReason = delta.stop_reason
  }
  // Blocks that are not calls leave gaps in the list.
  return { ...answer, calls: answer.calls.filter((each) => each !== undefined) }
}
