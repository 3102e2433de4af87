import { isObject } from '../../../util/object.ts'
import { choicesDialect, choicesIn, NOTHING, sharedFields } from '../choices-dialect.ts'
import { judgeChoicesStream, saysSomething } from '../choices-stream.ts'
import type { CheckedApi, JsonFields, Told, ToldCall, ToolOffer } from '../dialect.ts'

/** `POST /v1/chat/completions`. */
export const chat: CheckedApi = {
  ...choicesDialect,
  name: 'chat',
  path: '/chat/completions',
  hasTools: true,
  wrong: { messages: 'hello' },
  body: (prompt) => ({
    ...sharedFields(prompt),
    messages: [{ role: 'user', content: prompt.text }],
    ...(prompt.tool && toolFields(prompt.tool)),
    ...(prompt.schema && formatFields(prompt.schema)),
  }),
  judge: (recording, said, findings) =>
    judgeChoicesStream(recording, said, findings, {
      object: 'chat.completion.chunk',
      isChoice: ({ delta }) => isObject(delta),
      part: ({ delta }) => delta as JsonFields,
      role: 'assistant',
    }),
  faultOfWhole(answer) {
    if (answer.object !== 'chat.completion') return `object: ${JSON.stringify(answer.object)}`
    const [choice] = choicesIn(answer)
    const isWhole = isObject(choice?.message) && typeof choice?.finish_reason === 'string'
    return isWhole ? undefined : 'no choices[0].message with a finish_reason'
  },
  told: (events) => events.reduce<Told>(add, { ...NOTHING, calls: [] }),
  speaks: (event) => choicesIn(event).some(({ delta }) => isObject(delta) && saysSomething(delta)),
}

function toolFields({ name, description, parameters }: ToolOffer): JsonFields {
  const tool = { type: 'function', function: { name, description, parameters } }
  return { tools: [tool], tool_choice: 'required' }
}

function formatFields(schema: JsonFields): JsonFields {
  const json_schema = { name: 'answer', strict: true, schema }
  return { response_format: { type: 'json_schema', json_schema } }
}

function add(told: Told, event: JsonFields): Told {
  const [choice] = choicesIn(event)
  if (choice === undefined) return told
  const delta = isObject(choice.delta) ? choice.delta : {}
  const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isObject) : []
  for (const call of calls) addCall(told.calls, call)
  return {
    ...told,
    text: told.text + (typeof delta.content === 'string' ? delta.content : ''),
    finish: choice.finish_reason || told.finish,
  }
}

/** `calls` by their index: as clients put them together. */
function addCall(calls: ToldCall[], { index, id, function: named }: JsonFields): void {
  const at = typeof index === 'number' ? index : calls.length
  const { name, arguments: more } = isObject(named) ? named : ({} as JsonFields)
  const text = typeof more === 'string' ? more : ''
  const known = calls[at]
  if (known === undefined) {
    calls[at] = { id, name, arguments: text, ...(typeof index !== 'number' && { isMixed: true }) }
  } else if (id && id !== known.id) calls[at] = { ...known, isMixed: true }
  else known.arguments += text
}
