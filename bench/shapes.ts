/** The streams of four servers as bytes, made in advance: for each token only a stamp is written. */
import { EMPTY_STAMP } from './clock.ts'

export const shapes = ['ollama', 'vllm', 'llama-server', 'openai'] as const
export type Shape = (typeof shapes)[number]

/** Tokens in the block that a flood repeats. */
export const BLOCK = 256

/** The bytes of one shape, with HTTP's chunked framing: a chunk for every event. */
export interface Template {
  /** The status line, the headers and the events before the first token. */
  head: Uint8Array<ArrayBuffer>
  token: Uint8Array<ArrayBuffer>
  /** Where the digits of the stamp begin in `token`. */
  stampAt: number
  /** Where the digits of `created` begin in `token`; -1 where it is steady. */
  createdAt: number
  /** `BLOCK` tokens with empty stamps. */
  block: Uint8Array<ArrayBuffer>
  /** The finish, usage, `[DONE]` and the end of the body. */
  closing: Uint8Array<ArrayBuffer>
  /** Length of the events alone, without HTTP's framing. */
  events: { head: number; token: number; closing: number }
}

const CREATED = 1_700_000_000

interface Frames {
  opening: object[]
  token: object
  closing: object[]
}

const usage = { prompt_tokens: 26, completion_tokens: 100, total_tokens: 126 }

/** The role on every delta; `created` is read from the clock for every chunk. */
function ollama(): Frames {
  const chunk = (choices: object[], more = {}) => ({
    id: 'chatcmpl-311',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: 'bench',
    system_fingerprint: 'fp_ollama',
    choices,
    ...more,
  })
  const says = (content: string, finish: string | null) =>
    chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: finish }])
  return {
    opening: [],
    token: says(EMPTY_STAMP, null),
    closing: [says('', 'stop'), chunk([], { usage })],
  }
}

function vllm(): Frames {
  const chunk = (choices: object[], more = {}) => ({
    id: 'chatcmpl-5cb8a4a1e2f04c0e9d3b7d5a9f1c2e6b',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: 'bench',
    choices,
    ...more,
  })
  const says = (delta: object, finish: string | null = null, more = {}) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: finish, token_ids: null, ...more }])
  return {
    opening: [says({ role: 'assistant', content: '' })],
    token: says({ content: EMPTY_STAMP }),
    closing: [says({ content: '' }, 'stop', { stop_reason: null }), chunk([], { usage })],
  }
}

/** The choices first, and in them the delta last. */
function llamaServer(): Frames {
  const chunk = (choices: object[], more = {}) => ({
    choices,
    created: CREATED,
    id: 'chatcmpl-qC6laQHbZ2CmxNvJd8wT3rPzYk1sUe0f',
    model: 'bench',
    system_fingerprint: 'b9554-d403f00ec',
    object: 'chat.completion.chunk',
    ...more,
  })
  const says = (delta: object, finish: string | null = null) =>
    chunk([{ finish_reason: finish, index: 0, delta }])
  return {
    opening: [says({ role: 'assistant', content: null })],
    token: says({ content: EMPTY_STAMP }),
    closing: [says({}, 'stop'), chunk([], { usage })],
  }
}

/** `usage: null` until the last, as long as it was asked for. */
function openai(): Frames {
  const chunk = (choices: object[], usageField: object | null = null) => ({
    id: 'chatcmpl-CfQ7sNvX2bLk9TzR4mWd8Ya1PeGh',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: 'bench',
    service_tier: 'default',
    system_fingerprint: 'fp_54eb4bd693',
    choices,
    usage: usageField,
    obfuscation: 'a9Zk3',
  })
  const says = (delta: object, finish: string | null = null) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }])
  return {
    opening: [says({ role: 'assistant', content: '', refusal: null })],
    token: says({ content: EMPTY_STAMP }),
    closing: [says({}, 'stop'), chunk([], usage)],
  }
}

const frames: Record<Shape, () => Frames> = { ollama, vllm, 'llama-server': llamaServer, openai }

const responseHead = [
  'HTTP/1.1 200 OK',
  'content-type: text/event-stream; charset=utf-8',
  'cache-control: no-cache',
  'transfer-encoding: chunked',
  '',
  '',
].join('\r\n')

/** The bytes of a shape. */
export function makeTemplate(shape: Shape): Template {
  const { opening, token, closing } = frames[shape]()
  const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`
  const openingEvents = opening.map(event)
  const closingEvents = [...closing.map(event), 'data: [DONE]\n\n']
  const tokenEvent = event(token)
  const tokenText = httpChunk(tokenEvent)
  return {
    head: encode(responseHead + openingEvents.map(httpChunk).join('')),
    token: encode(tokenText),
    stampAt: tokenText.indexOf(EMPTY_STAMP) + 1,
    createdAt: shape === 'ollama' ? tokenText.indexOf(String(CREATED)) : -1,
    block: encode(tokenText.repeat(BLOCK)),
    closing: encode(`${closingEvents.map(httpChunk).join('')}0\r\n\r\n`),
    events: {
      head: openingEvents.join('').length,
      token: tokenEvent.length,
      closing: closingEvents.join('').length,
    },
  }
}

function httpChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
