import { obey } from '../stream/chat-stream.ts'
import type { ChatChunk, ChatMessage, ChatRequest, ChunkDelta, FinishReason } from '../wire/chat.ts'
import { badRequest } from '../wire/errors.ts'
import type { Engine } from './engine.ts'

export interface StaticSettings {
  /** What it answers, whatever is asked. */
  staticText: string
  /** Milliseconds between two words. */
  staticDelay: number
}

/** The model it serves, and the only name it goes by. */
export const STATIC_MODEL = 'static'

/**
 * Answers every request with one fixed text, word by word. No model runs: its tokens are words, and
 * its usage counts the words it read and sent.
 */
export function createStatic(settings: StaticSettings): Engine {
  return {
    label: STATIC_MODEL,
    async models() {
      return [{ id: STATIC_MODEL, object: 'model', created: 0, owned_by: 'sluice' }]
    },
    async chat(request, signal) {
      refuseUnable(request)
      const usage = request.stream ? Boolean(request.stream_options?.include_usage) : true
      return obey(speak(plan(request, settings.staticText), settings.staticDelay, signal), {
        label: STATIC_MODEL,
        usage,
      })
    },
    // Its tokens are words.
    countTokens: async ({ chat }) => countWords(chat().messages),
  }
}

/** What a fixed text can't honour is refused rather than ignored. */
function refuseUnable(request: ChatRequest): void {
  const format = (request.response_format as { type?: string } | null | undefined)?.type
  if (format !== undefined && format !== 'text') {
    throw unable('response_format', `${JSON.stringify(format)} output`)
  }
  if (request.logprobs) throw unable('logprobs', 'log probabilities')
  const choice = request.tool_choice
  if (choice !== undefined && choice !== null && choice !== 'none' && choice !== 'auto') {
    throw unable('tool_choice', 'a tool call')
  }
}

function unable(field: string, what: string) {
  return badRequest(
    `${field}: the model "static" sends a fixed text and can't give ${what}.`,
    field,
  )
}

interface Plan {
  words: string[]
  reason: FinishReason
  choices: number
  promptTokens: number
}

function plan(request: ChatRequest, text: string): Plan {
  const stops = [request.stop ?? []].flat().filter((stop) => stop !== '')
  const cuts = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1)
  const words = splitWords(text.slice(0, Math.min(text.length, ...cuts)))
  const limit = request.max_completion_tokens ?? request.max_tokens ?? -1
  const isCut = limit >= 0 && limit < words.length
  return {
    words: isCut ? words.slice(0, limit) : words,
    reason: isCut ? 'length' : 'stop',
    choices: request.n ?? 1,
    promptTokens: countWords(request.messages),
  }
}

/** Each word with the white space before it, the last with that behind it too: together the text. */
function splitWords(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? []
}

function countWords(messages: ChatMessage[]): number {
  let count = 0
  for (const { content } of messages) {
    const parts = typeof content === 'string' ? [{ text: content }] : (content ?? [])
    for (const { text } of parts) if (typeof text === 'string') count += splitWords(text).length
  }
  return count
}

/** The first word at once, each later one `delay` ms after the one before; all choices in step. */
async function* speak(
  { words, reason, choices, promptTokens }: Plan,
  delay: number,
  signal: AbortSignal,
): AsyncGenerator<ChatChunk[], void, void> {
  const envelope = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion.chunk' as const,
    created: Math.floor(Date.now() / 1000),
    model: STATIC_MODEL,
  }
  const all = (delta: ChunkDelta, finish_reason: FinishReason | null = null): ChatChunk[] =>
    Array.from({ length: choices }, (_, index) => ({
      ...envelope,
      choices: [{ index, delta: { ...delta }, finish_reason }],
    }))

  yield all({ role: 'assistant', content: '' })
  // Without a delay a batch holds what is ready, as it does from any engine.
  const step = delay > 0 ? 1 : 64
  for (let at = 0; at < words.length; at += step) {
    if (at > 0 && delay > 0) await pause(delay, signal)
    signal.throwIfAborted()
    yield words.slice(at, at + step).flatMap((content) => all({ content }))
  }
  yield all({}, reason)
  const completionTokens = words.length * choices
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
  yield [{ ...envelope, choices: [], usage }]
}

/** Rejects at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
