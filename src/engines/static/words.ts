/** The fixed text, cut to what a request asks for. */
import { delay } from '../../util/delay.ts'
import type { FinishReason, Usage } from '../../wire/chat/request.ts'

export interface WordLimits {
  stop?: string | string[] | null | undefined
  /** Words; none below 0. */
  max?: number | null | undefined
}

export interface Words {
  words: readonly string[]
  reason: FinishReason
}

export function wordsOf(text: string, { stop, max }: WordLimits): Words {
  const stops = [stop ?? []].flat().filter((each) => each !== '')
  const cuts = stops.map((each) => text.indexOf(each)).filter((at) => at !== -1)
  const words = wordsOnce(text.slice(0, Math.min(text.length, ...cuts)))
  const limit = max ?? -1
  const isCut = limit >= 0 && limit < words.length
  return { words: isCut ? words.slice(0, limit) : words, reason: isCut ? 'length' : 'stop' }
}

/** Whatever is asked, the text is the same: it is not split anew for each request. */
let last = { text: '', words: [] as readonly string[] }

function wordsOnce(text: string): readonly string[] {
  if (text !== last.text) last = { text, words: splitWords(text) }
  return last.words
}

/** Each word with the white space before it, the last with that behind it too: together the text. */
export function splitWords(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? []
}

/**
 * The words in batches: the first at once, each later one `delayMs` after the one before. Rejects at
 * once when the signal aborts.
 */
export async function* paced(
  words: readonly string[],
  delayMs: number,
  signal: AbortSignal,
): AsyncGenerator<string[], void, void> {
  // Without a delay a batch holds what is ready, as it does from any engine.
  const step = delayMs > 0 ? 1 : 256
  for (let at = 0; at < words.length; at += step) {
    if (at > 0 && delayMs > 0) await delay(delayMs, signal)
    signal.throwIfAborted()
    yield words.slice(at, at + step)
  }
}

/** Counts as an engine does, in words. */
export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
