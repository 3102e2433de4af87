import { isObject } from '../../../util/object.ts'
import type { CheckedApi, CollectedAnswer, JsonFields } from '../dialect.ts'
import { checkResponsesStream } from './stream.ts'

/** `POST /v1/responses`. */
export const responses: CheckedApi = {
  name: 'responses',
  path: '/responses',
  asksUsage: false,
  hasTools: true,
  invalidFields: { input: 7 },
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
  checkStream: checkResponsesStream,
  problemInAnswer({ object, status, output }) {
    if (object !== 'response') return `object: ${JSON.stringify(object)}`
    if (status !== 'completed' && status !== 'incomplete')
      return `status: ${JSON.stringify(status)}`
    return Array.isArray(output) ? undefined : 'output is not a list'
  },
  isErrorBody: ({ error }) => isObject(error) && typeof error.message === 'string',
  collect,
  finishReasons: { call: 'completed', limit: 'incomplete' },
  hasOutput: ({ type, delta }) =>
    typeof type === 'string' && type.endsWith('.delta') && delta !== '' && delta !== undefined,
  tokenCount({ response }) {
    const usage = isObject(response) ? response.usage : undefined
    return isObject(usage) && typeof usage.output_tokens === 'number'
      ? usage.output_tokens
      : undefined
  },
}

function collect(events: readonly JsonFields[]): CollectedAnswer {
  const answer: CollectedAnswer = { text: '', calls: [], finishReason: undefined }
  for (const { type, delta, item, output_index: at, response } of events) {
    const call = answer.calls[at as number]
    if (type === 'response.output_text.delta') answer.text += delta
    else if (type === 'response.function_call_arguments.delta') {
      if (call !== undefined) call.arguments += delta
    } else if (type === 'response.output_item.added' && isObject(item)) {
      if (item.type !== 'function_call') continue
      answer.calls[at as number] = { id: item.call_id, name: item.name, arguments: '' }
    } else if (isObject(response)) answer.finishReason = response.status
  }
  // Items that are not calls leave gaps in the list.
  return { ...answer, calls: answer.calls.filter((each) => each !== undefined) }
}
