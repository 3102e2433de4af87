import { frame, type Script, type Step } from '../script.ts'

/** Tokens with what JSON escapes and what UTF-8 needs two, three and four bytes for. */
export const TOKENS = ['Hello', ',', ' "wörld"', ' 你好', ' 🌍\n']

export const TEXT = TOKENS.join('')

export const DONE = frame('[DONE]')

interface ChoiceFields {
  index?: number
  finish_reason?: string | null
  [field: string]: unknown
}

/** A chunk as OpenAI sends it, with other fields laid over it. */
export function chunk(delta: object | undefined, choice: ChoiceFields = {}, over: object = {}) {
  return {
    id: 'chatcmpl-odd',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'odd',
    choices: [{ index: 0, ...(delta && { delta }), finish_reason: null, ...choice }],
    ...over,
  }
}

export const ROLE = chunk({ role: 'assistant', content: '' })

export const WORDS = TOKENS.map((content) => chunk({ content }))

export const STOP = finish('stop')

export const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }

export const USAGE_CHUNK = chunk(undefined, {}, { choices: [], usage: USAGE })

/** The fields of a request that wants usage. */
export const ASKS_USAGE = { stream_options: { include_usage: true } }

/** An empty delta with a finish reason. */
export function finish(reason: string, index = 0) {
  return chunk({}, { index, finish_reason: reason })
}

/** Chunks as the text of a stream. `[DONE]` is not added. */
export function text(...chunks: object[]): string {
  return chunks.map((each) => frame(each)).join('')
}

/** A whole stream without a fault. */
export const PLAIN = text(ROLE, ...WORDS, STOP) + DONE

/** Chunks, a frame each, and `[DONE]`. */
export function stream(...chunks: object[]): Script {
  return { steps: [...chunks.map((each): Step => ({ chunk: each })), { send: DONE }] }
}

/** Text, then whatever steps follow; the answer ends properly after them. */
export function raw(sent: string, ...steps: Step[]): Script {
  return { steps: [{ send: sent }, ...steps] }
}

/** A broken connection, once what was sent has had time to be read. */
export const RESET: Step[] = [{ wait: 50 }, { reset: true }]
