/** What a model says, taken from the bytes of an answer in any of the APIs, as they come. */
import { isObject, parseObject } from '../../util/object.ts'

/** A piece of an answer. */
export interface Said {
  kind: 'text' | 'reasoning' | 'call'
  text: string
}

/**
 * Reads the pieces of a stream: events with data, or lines of JSON, cut anywhere. The first event may
 * be one whose beginning was missed; what cannot be read is left out.
 */
export function answerReader(): (piece: string) => Said[] {
  let rest = ''
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    return lines.flatMap((line) => {
      const json = line.startsWith('data:') ? line.slice(5).trim() : line.trim()
      return json.startsWith('{') ? saidIn(parseObject(json)) : []
    })
  }
}

function saidIn(event: Record<string, unknown> | undefined): Said[] {
  if (event === undefined) return []
  if (Array.isArray(event.choices)) return event.choices.flatMap(ofChoice)
  if (typeof event.type === 'string') return ofTyped(event.type, event)
  // Ollama's own API.
  if (isObject(event.message)) return ofDelta(event.message)
  return said('text', event.response)
}

/** Of chats and completions: a delta, a whole message, or a text. */
function ofChoice(choice: unknown): Said[] {
  if (!isObject(choice)) return []
  const delta = choice.delta ?? choice.message
  return isObject(delta) ? ofDelta(delta) : said('text', choice.text)
}

function ofDelta(delta: Record<string, unknown>): Said[] {
  const { content, refusal, thinking, reasoning, reasoning_content: other, tool_calls } = delta
  const calls = Array.isArray(tool_calls) ? tool_calls : []
  return [
    // A server that sends several sends the same text in each.
    ...said('reasoning', reasoning || other || thinking),
    ...said('text', content || refusal),
    ...calls.flatMap(ofCall),
  ]
}

function ofCall(call: unknown): Said[] {
  const called = isObject(call) ? (call.function ?? call.custom) : undefined
  if (!isObject(called)) return []
  const name = typeof called.name === 'string' ? `\ncalls ${called.name} ` : ''
  const input = called.arguments ?? called.input
  return said(
    'call',
    name + (typeof input === 'string' ? input : input ? JSON.stringify(input) : ''),
  )
}

/** Of Messages and Responses, whose events have a type. */
function ofTyped(type: string, event: Record<string, unknown>): Said[] {
  const { delta } = event
  if (type === 'content_block_start' || type === 'response.output_item.added') {
    const block = event.content_block ?? event.item
    const isCall = isObject(block) && /(^|_)(tool_use|call)$/.test(String(block.type))
    return isCall ? said('call', `\ncalls ${String(block.name ?? block.type)} `) : []
  }
  if (isObject(delta)) {
    return [
      ...said('reasoning', delta.thinking),
      ...said('text', delta.text),
      ...said('call', delta.partial_json),
    ]
  }
  if (/^response\.reasoning.*\.delta$/.test(type)) return said('reasoning', delta)
  if (/^response\.(output_text|refusal)\.delta$/.test(type)) return said('text', delta)
  return /^response\..*(arguments|input)\.delta$/.test(type) ? said('call', delta) : []
}

function said(kind: Said['kind'], text: unknown): Said[] {
  return typeof text === 'string' && text !== '' ? [{ kind, text }] : []
}
