import { isObject } from '../../../util/object.ts'
import type { CheckedApi, JsonFields, Told } from '../dialect.ts'
import { judgeMessagesStream } from './stream.ts'

/** `POST /v1/messages`, Anthropic's API. */
export const messages: CheckedApi = {
  name: 'messages',
  path: '/messages',
  asksUsage: false,
  hasTools: true,
  wrong: { messages: 'hello' },
  headersFor: (key) => ({
    'anthropic-version': '2023-06-01',
    ...(key !== undefined && { 'x-api-key': key }),
  }),
  // It has to be limited.
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
  judge: judgeMessagesStream,
  faultOfWhole({ type, content, stop_reason }) {
    if (type !== 'message') return `type: ${JSON.stringify(type)}`
    const isWhole = Array.isArray(content) && typeof stop_reason === 'string'
    return isWhole ? undefined : 'no content, or no stop_reason'
  },
  isRefusal: ({ type, error }) =>
    type === 'error' &&
    isObject(error) &&
    typeof error.type === 'string' &&
    typeof error.message === 'string',
  told,
  ends: { call: 'tool_use', limit: 'max_tokens' },
  speaks({ type, delta }) {
    if (type !== 'content_block_delta' || !isObject(delta)) return false
    return Object.entries(delta).some(([name, value]) => name !== 'type' && value !== '')
  },
  countIn({ type, usage }) {
    if (type !== 'message_delta' || !isObject(usage)) return undefined
    return typeof usage.output_tokens === 'number' ? usage.output_tokens : undefined
  },
}

function told(events: readonly JsonFields[]): Told {
  const said: Told = { text: '', calls: [], finish: undefined }
  for (const { type, index, content_block: block, delta } of events) {
    const at = index as number
    if (type === 'content_block_start' && isObject(block) && block.type === 'tool_use') {
      said.calls[at] = { id: block.id, name: block.name, arguments: '' }
    }
    if (!isObject(delta)) continue
    const call = said.calls[at]
    if (delta.type === 'text_delta') said.text += delta.text
    else if (delta.type === 'input_json_delta' && call) call.arguments += delta.partial_json
    else if (type === 'message_delta') said.finish = delta.stop_reason
  }
  // Blocks of text have their places, too.
  return { ...said, calls: said.calls.filter((each) => each !== undefined) }
}
