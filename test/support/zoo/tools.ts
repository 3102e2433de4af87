/** Chats that call a tool or are to be JSON, and those that break one rule of that each. */
import { type Animal, type Fields, stream } from './animal.ts'
import { chunkOf } from './chat.ts'

/** What each of these servers is asked for. */
export interface Asked extends Animal {
  question: 'tools' | 'structured'
}

function call(index: number | undefined, id: string, city: string): Fields[] {
  const place = index === undefined ? {} : { index }
  const named = { ...place, id, type: 'function', function: { name: 'get_weather', arguments: '' } }
  const parts = [`{"city": `, `"${city}"}`]
  return [
    chunkOf({ tool_calls: [named] }),
    ...parts.map((text) => chunkOf({ tool_calls: [{ ...place, function: { arguments: text } }] })),
  ]
}

function framesOf(chunks: Fields[], finish: string): string[] {
  const all = [chunkOf({ role: 'assistant', content: null }), ...chunks, chunkOf({}, finish)]
  return [...all.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n']
}

const paris = call(0, 'call_1', 'Paris')
const london = call(1, 'call_2', 'London')

/** Two calls, as they should be. */
export const soundCalls = framesOf([...paris, ...london], 'tool_calls')

function words(text: string): string[] {
  const parts = text.match(/.{1,6}/gs) ?? []
  return framesOf(
    parts.map((content) => chunkOf({ content })),
    'stop',
  )
}

/** An answer that fits the form it was to have. */
export const soundForm = words('{"colours": ["red", "green", "blue"]}')

function calls(rule: string, chunks: Fields[], finish: string, like?: string): Asked {
  const animal = { question: 'tools' as const, rule, script: stream(framesOf(chunks, finish)) }
  return like === undefined ? animal : { ...animal, like }
}

/** A call whose first part lacks something. */
function without(field: 'id' | 'name'): Fields[] {
  const text = JSON.stringify(paris)
  const cut =
    field === 'id' ? text.replace('"id":"call_1",', '') : text.replace('"name":"get_weather",', '')
  return JSON.parse(cut) as Fields[]
}

export const callers: Asked[] = [
  calls('tool-call', without('id'), 'tool_calls'),
  calls('tool-call', without('name'), 'tool_calls'),
  calls(
    'tool-index',
    [...paris, ...call(0, 'call_2', 'London')],
    'tool_calls',
    'Ollama, whose index was always 0 (ollama#15457)',
  ),
  calls('tool-index', call(undefined, 'call_1', 'Paris').slice(0, 1), 'tool_calls'),
  calls('tool-arguments', paris.slice(0, 2), 'tool_calls', 'a model that is not constrained'),
  calls('tool-finish', [...paris, ...london], 'stop', 'Ollama'),
  {
    question: 'structured',
    rule: 'structured-json',
    script: stream(words('Red, green and blue.')),
    like: 'servers that pass over response_format',
  },
  {
    question: 'structured',
    rule: 'structured-json',
    script: stream(words('{"colors": ["red"]}')),
    like: 'servers that know json_object alone',
  },
]
