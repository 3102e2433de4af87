/** How much a model wrote, for an answer whose tokens no engine counted. */
import { isObject, parseObject } from '../util/object.ts'
import { utf8Length } from '../util/utf8-length.ts'

/** The fields that hold what a model wrote, in the answers of all APIs. */
const TEXTS = new Set([
  'content',
  'response',
  'text',
  'reasoning',
  'reasoning_content',
  'thinking',
  'refusal',
  'transcript',
  'arguments',
  'input',
])

/**
 * The UTF-8 bytes of what a model wrote in a whole answer of any API: texts, thinking and the arguments of
 * calls. 0 for what is not the JSON of an answer.
 *
 * @example
 * answerLength('{"choices":[{"message":{"content":"Hello"}}]}') // 5
 */
export function answerLength(json: string): number {
  const { choices, content, output, message, response, thinking } = parseObject(json) ?? {}
  const ollama = lengthOf(message) + lengthOf({ response, thinking })
  // llama-server's answer to `/infill` is a text.
  const text = typeof content === 'string' ? utf8Length(content) : lengthOf(content)
  return lengthOf(choices) + text + lengthOf(output) + ollama
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + lengthOf(item), 0)
  if (!isObject(value)) return 0
  let length = 0
  for (const name in value) {
    const field = value[name]
    // Log probabilities repeat the text.
    if (name === 'logprobs') continue
    if (typeof field === 'string') length += TEXTS.has(name) ? utf8Length(field) : 0
    // The arguments of a call are an object in the Messages API and in Ollama's.
    else if ((name === 'input' || name === 'arguments') && isObject(field))
      length += utf8Length(JSON.stringify(field))
    else length += lengthOf(field)
  }
  return length
}
