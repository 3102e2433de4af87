import { isObject } from '../../../util/object.ts'
import type { CheckedApi, JsonFields, Told } from '../dialect.ts'
import { judgeResponsesStream } from './stream.ts'

/** `POST /v1/responses`. */
export const responses: CheckedApi = {
  name: 'responses',
  path: '/responses',
  asksUsage: false,
  hasTools: true,
  wrong: { input: 7 },
  headersFor: () => ({}),
  body: ({ model, text, limit, stream, tool, schema }) => ({
    ...(model !== undefined && { model }),
    input: text,
    ...(limit !== undefined && { max_output_tokens: limit }),
    store: false,
    ...(stream && { stream }),
    ...(tool && { tools: [{ type: 'function', ...tool }], tool_choice: 'required' }),
    ...(schema && {
      text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } },
    }),
  }),
  judge: judgeResponsesStream,
  faultOfWhole({ object, status, output }) {
    if (object !== 'response') return `object: ${JSON.stringify(object)}`
    if (status !== 'completed' && status !== 'incomplete')
      return `status: ${JSON.stringify(status)}`
    return Array.isArray(output) ? undefined : 'no list of output'
  },
  isRefusal: ({ error }) => isObject(error) && typeof error.message === 'string',
  told,
  ends: { call: 'completed', limit: 'incomplete' },
  speaks: ({ type, delta }) =>
    typeof type === 'string' && type.endsWith('.delta') && delta !== '' && delta !== undefined,
  countIn({ response }) {
    const usage = isObject(response) ? response.usage : undefined
    return isObject(usage) && typeof usage.output_tokens === 'number'
      ? usage.output_tokens
      : undefined
  },
}

function told(events: readonly JsonFields[]): Told {
  const said: Told = { text: '', calls: [], finish: undefined }
  for (const { type, delta, item, output_index: at, response } of events) {
    const call = said.calls[at as number]
    if (type === 'response.output_text.delta') said.text += delta
    else if (type === 'response.function_call_arguments.delta') {
      if (call !== undefined) call.arguments += delta
    } else if (type === 'response.output_item.added' && isObject(item)) {
      if (item.type !== 'function_call') continue
      said.calls[at as number] = { id: item.call_id, name: item.name, arguments: '' }
    } else if (isObject(response)) said.finish = response.status
  }
  // Other items have their places, too.
  return { ...said, calls: said.calls.filter((each) => each !== undefined) }
}
