/** What an event of a stream, or a whole answer, says: in whichever API it is written. */
import { isObject } from '../../src/util/object.ts'

export type DeltaKind = 'text' | 'reasoning' | 'call' | 'finish' | 'usage' | 'error'

export interface Delta {
  kind: DeltaKind
  text: string
  /** Which of several answers, or of several calls. */
  index?: number
  /** The name of the function that is called. */
  name?: string
}

type Fields = Record<string, unknown>

/** Empty for what carries no part of an answer. */
export function deltasOf(payload: unknown): Delta[] {
  if (!isObject(payload)) return []
  const all = [
    ...errorIn(payload),
    ...(Array.isArray(payload.choices) ? payload.choices.filter(isObject).flatMap(choice) : []),
    ...(typeof payload.type === 'string' ? typed(payload.type, payload) : []),
    ...(payload.object === 'response' ? output(payload) : []),
    ...ollama(payload),
    ...usage(payload.usage),
  ]
  return all.filter(({ kind, text, name }) => text !== '' || (kind === 'call' && name))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function indexOf(value: unknown): { index?: number } {
  return typeof value === 'number' ? { index: value } : {}
}

function errorIn({ error, type }: Fields): Delta[] {
  if (typeof error === 'string') return [{ kind: 'error', text: error }]
  if (!isObject(error)) return []
  const code = textOf(error.code ?? error.type ?? type)
  return [{ kind: 'error', text: `${code}: ${textOf(error.message)}` }]
}

/** Chats, whole or in chunks, and completions. */
function choice(fields: Fields): Delta[] {
  const said = isObject(fields.delta)
    ? fields.delta
    : isObject(fields.message)
      ? fields.message
      : {}
  const place = indexOf(fields.index)
  return [
    { kind: 'reasoning', text: textOf(said.reasoning_content ?? said.reasoning), ...place },
    { kind: 'text', text: textOf(said.content ?? said.refusal ?? fields.text), ...place },
    ...calls(said.tool_calls),
    { kind: 'finish', text: textOf(fields.finish_reason) },
  ]
}

function calls(list: unknown): Delta[] {
  return listOf(list).map((call, position): Delta => {
    const named = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : {}
    return callDelta(named.name, named.arguments ?? named.input, call.index ?? position)
  })
}

function callDelta(name: unknown, input: unknown, index: unknown): Delta {
  return {
    kind: 'call',
    text: textOf(input),
    ...indexOf(index),
    ...(typeof name === 'string' && name !== '' && { name }),
  }
}

/** Events of Messages and of Responses, and a whole message. */
function typed(type: string, event: Fields): Delta[] {
  if (type.startsWith('response.')) return responseEvent(type, event)
  if (type === 'message') {
    const finish: Delta = { kind: 'finish', text: textOf(event.stop_reason) }
    return [...listOf(event.content).flatMap((block, index) => contentBlock(block, index)), finish]
  }
  if (type === 'content_block_start' && isObject(event.content_block)) {
    return contentBlock(event.content_block, event.index)
  }
  const delta = isObject(event.delta) ? event.delta : {}
  if (type === 'message_delta') return [{ kind: 'finish', text: textOf(delta.stop_reason) }]
  if (type !== 'content_block_delta') return []
  if (delta.type === 'text_delta') return [{ kind: 'text', text: textOf(delta.text) }]
  if (delta.type === 'thinking_delta') return [{ kind: 'reasoning', text: textOf(delta.thinking) }]
  if (delta.type === 'input_json_delta') {
    return [callDelta(undefined, delta.partial_json, event.index)]
  }
  return []
}

function contentBlock(block: Fields, index: unknown): Delta[] {
  if (block.type === 'text') return [{ kind: 'text', text: textOf(block.text) }]
  if (block.type === 'thinking') return [{ kind: 'reasoning', text: textOf(block.thinking) }]
  if (block.type !== 'tool_use') return []
  // A stream begins with an empty object, and the input follows in pieces.
  const isEmpty = isObject(block.input) && Object.keys(block.input).length === 0
  return [callDelta(block.name, isEmpty ? undefined : block.input, index)]
}

function responseEvent(type: string, event: Fields): Delta[] {
  const { delta, output_index: index, item, response } = event
  if (type === 'response.output_text.delta' || type === 'response.refusal.delta') {
    return [{ kind: 'text', text: textOf(delta) }]
  }
  if (/^response\.reasoning(?:_summary)?_text\.delta$/.test(type)) {
    return [{ kind: 'reasoning', text: textOf(delta) }]
  }
  if (/call_(?:arguments|input)\.delta$/.test(type)) return [callDelta(undefined, delta, index)]
  if (type === 'response.custom_tool_call_input.delta') return [callDelta(undefined, delta, index)]
  if (
    type === 'response.output_item.added' &&
    isObject(item) &&
    textOf(item.type).endsWith('_call')
  ) {
    return [callDelta(item.name, undefined, index)]
  }
  const isEnd = /^response\.(?:completed|incomplete|failed)$/.test(type)
  if (!isEnd || !isObject(response)) return []
  return [
    ...errorIn(response),
    { kind: 'finish', text: textOf(response.status) },
    ...usage(response.usage),
  ]
}

/** A whole response. */
function output(response: Fields): Delta[] {
  const items = listOf(response.output).flatMap((item, index): Delta[] => {
    if (item.type === 'message') {
      return listOf(item.content).map((part) => ({
        kind: 'text',
        text: textOf(part.text ?? part.refusal),
      }))
    }
    if (item.type === 'reasoning') {
      const parts = [...listOf(item.summary), ...listOf(item.content)]
      return parts.map((part) => ({ kind: 'reasoning', text: textOf(part.text) }))
    }
    const isCall = textOf(item.type).endsWith('_call')
    return isCall ? [callDelta(item.name, item.arguments ?? item.input, index)] : []
  })
  return [...items, { kind: 'finish', text: textOf(response.status) }]
}

/** Ollama's chat and generate. */
function ollama({ message, response, thinking, done, done_reason, eval_count }: Fields): Delta[] {
  if (done === undefined) return []
  const said = isObject(message) ? message : {}
  const count = typeof eval_count === 'number' ? `${eval_count} tokens` : ''
  return [
    { kind: 'reasoning', text: textOf(said.thinking ?? thinking) },
    { kind: 'text', text: textOf(said.content ?? response) },
    ...calls(said.tool_calls),
    { kind: 'finish', text: done === true ? textOf(done_reason ?? 'done') : '' },
    { kind: 'usage', text: count },
  ]
}

function usage(value: unknown): Delta[] {
  if (!isObject(value)) return []
  const input = value.prompt_tokens ?? value.input_tokens
  const answer = value.completion_tokens ?? value.output_tokens
  if (typeof answer !== 'number') return []
  const text = typeof input === 'number' ? `${input} + ${answer} tokens` : `${answer} tokens`
  return [{ kind: 'usage', text }]
}
