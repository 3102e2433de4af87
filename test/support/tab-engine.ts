// An engine for tabs of tests: it answers at a pace, one request at a time, and says what became of each.

import type { LocalEngine } from '../../src/engines/webllm/webllm.ts'
import { enforceChatContract } from '../../src/stream/chat-stream.ts'
import type { ChatChunk, ChatRequest } from '../../src/wire/chat/request.ts'
import { chunk } from './raw-tab.ts'

export interface PacedOptions {
  /** Tokens of each answer. */
  tokens: number
  /** Milliseconds between two of them. */
  every: number
  /** Milliseconds before the first one. */
  prefill?: number
  /** What follows the number in each token. */
  filling?: string
  /** Called when each token is made. */
  onToken?: (index: number) => void
}

export interface Paced extends LocalEngine {
  /** Requests that run now, and the most that ever did at once. */
  running: number
  most: number
  /** How many were begun, and how many were stopped before their end. */
  begun: number
  stopped: number
  /** Tokens that were made. */
  made: number
}

export function pacedEngine(options: PacedOptions): Paced {
  const { tokens, every, prefill = 0, filling = '', onToken } = options
  const engine: Paced = {
    ...{ label: 'paced', running: 0, most: 0, begun: 0, stopped: 0, made: 0 },
    models: async () => [],
    load: async () => {},
    unload: async () => {},
    embed: () => Promise.reject(new Error('none')),
    complete: () => Promise.reject(new Error('none')),
    async chat(request: ChatRequest, signal: AbortSignal) {
      engine.begun++
      engine.running++
      engine.most = Math.max(engine.most, engine.running)
      let isOver = false
      // One that was cancelled is over, although its last step may still wait for its turn.
      const over = () => {
        if (isOver) return
        isOver = true
        engine.running--
        if (signal.aborted) engine.stopped++
      }
      signal.addEventListener('abort', over, { once: true })
      try {
        if (prefill > 0) await pause(prefill, signal)
      } catch (error) {
        over()
        throw error
      }
      const usage = request.stream_options?.include_usage === true || request.stream !== true
      const items = answer(request, signal, over)
      return enforceChatContract(items, { label: 'paced', usage })
    },
  } as Paced

  async function* answer(
    { max_tokens }: ChatRequest,
    signal: AbortSignal,
    over: () => void,
  ): AsyncGenerator<ChatChunk[], void, void> {
    const count = Math.min(tokens, max_tokens ?? tokens)
    const began = performance.now()
    try {
      for (let index = 0; index < count; index++) {
        const wait = began + (index + 1) * every - performance.now()
        if (wait > 0) await pause(wait, signal)
        signal.throwIfAborted()
        engine.made++
        onToken?.(index)
        yield [chunk({ content: `${index} ${filling}` }) as ChatChunk]
      }
      const end = chunk({}, { finish_reason: 'stop' }) as ChatChunk
      yield [
        { ...end, usage: { prompt_tokens: 1, completion_tokens: count, total_tokens: count + 1 } },
      ]
    } finally {
      over()
    }
  }

  return engine
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
