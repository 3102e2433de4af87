import { isObject } from '../../../util/object.ts'
import { choicesDialect, choicesIn, EMPTY_ANSWER, sharedFields } from '../choices-dialect.ts'
import { hasContent } from '../choices-stream.ts'
import type {
  CheckedApi,
  CollectedAnswer,
  CollectedCall,
  JsonFields,
  ToolDefinition,
} from '../dialect.ts'
import { checkChatStream } from './stream.ts'

/** `POST /v1/chat/completions`. */
export const chat: CheckedApi = {
  ...choicesDialect,
  name: 'chat',
  path: '/chat/completions',
  hasTools: true,
  invalidFields: { messages: 'hello' },
  body: (prompt) => ({
    ...sharedFields(prompt),
    messages: [{ role: 'user', content: prompt.text }],
    ...(prompt.tool && toolFields(prompt.tool)),
    ...(prompt.schema && formatFields(prompt.schema)),
  }),
  checkStream: checkChatStream,
  problemInAnswer(answer) {
    if (answer.object !== 'chat.completion') return `object: ${JSON.stringify(answer.object)}`
    const [choice] = choicesIn(answer)
    const isWhole = isObject(choice?.message) && typeof choice?.finish_reason === 'string'
    return isWhole ? undefined : 'no choices[0].message with a finish_reason'
  },
  collect: (events) => events.reduce<CollectedAnswer>(add, { ...EMPTY_ANSWER, calls: [] }),
  hasOutput: (event) => choicesIn(event).some(({ delta }) => isObject(delta) && hasContent(delta)),
}

function toolFields({ name, description, parameters }: ToolDefinition): JsonFields {
  const tool = { type: 'function', function: { name, description, parameters } }
  return { tools: [tool], tool_choice: 'required' }
}

function formatFields(schema: JsonFields): JsonFields {
  const json_schema = { name: 'answer', strict: true, schema }
  return { response_format: { type: 'json_schema', json_schema } }
}

function add(answer: CollectedAnswer, event: JsonFields): CollectedAnswer {
  const [choice] = choicesIn(event)
  if (choice === undefined) return answer
  const delta = isObject(choice.delta) ? choice.delta : {}
  const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isObject) : []
  for (const call of calls) addCall(answer.calls, call)
  return {
    ...answer,
    text: answer.text + (typeof delta.content === 'string' ? delta.content : ''),
    finishReason: choice.finish_reason || answer.finishReason,
  }
}

/** `calls` by their index: as clients put them together. */
function addCall(calls: CollectedCall[], { index, id, function: named }: JsonFields): void {
  const at = typeof index === 'number' ? index : calls.length
  const { name, arguments: more } = isObject(named) ? named : ({} as JsonFields)
  const text = typeof more === 'string' ? more : ''
  const known = calls[at]
  if (known === undefined) {
    calls[at] = { id, name, arguments: text, ...(typeof index !== 'number' && { isMixed: true }) }
  } else if (id && id !== known.id) calls[at] = { ...known, isMixed: true }
  else known.arguments += text
}
