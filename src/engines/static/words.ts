/** Splits the static text into words, within the limits of a request. */
import { delay } from '../../util/delay.ts'
import type { FinishReason, Usage } from '../../wire/chat/request.ts'

export interface WordLimits {
  stop?: string | string[] | null | undefined
  /** The most words; no limit if negative. */
  max?: number | null | undefined
}

export interface Words {
  words: readonly string[]
  reason: FinishReason
}

export function wordsOf(text: string, { stop, max }: WordLimits): Words {
  const stops = [stop ?? []].flat().filter((each) => each !== '')
  const cuts = stops.map((each) => text.indexOf(each)).filter((at) => at !== -1)
  const words = cachedWords(text.slice(0, Math.min(text.length, ...cuts)))
  const limit = max ?? -1
  const isCut = limit >= 0 && limit < words.length
  return { words: isCut ? words.slice(0, limit) : words, reason: isCut ? 'length' : 'stop' }
}

/** The text is the same for every request: it is split only once. */
let lastSplit = { text: '', words: [] as readonly string[] }

function cachedWords(text: string): readonly string[] {
  if (text !== lastSplit.text) lastSplit = { text, words: splitWords(text) }
  return lastSplit.words
}

/**
 * Splits into words, each with the white space before it (the last also after it): joined, the
 * text.
 */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let at = 0
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    words.push(text.slice(at, index + word.length))
    at = index + word.length
  }
  const last = words.pop()
  return last === undefined ? [] : [...words, last + text.slice(at)]
}

/**
 * The words in batches: the first at once, each later one after `delayMs` milliseconds. Rejects as
 * soon as the signal aborts.
 */
export async function* paced(
  words: readonly string[],
  delayMs: number,
  signal: AbortSignal,
): AsyncGenerator<string[], void, void> {
  // Without a delay many words are ready at once, and go into one batch as any engine's would.
  const step = delayMs > 0 ? 1 : 256
  for (let at = 0; at < words.length; at += step) {
    if (at > 0 && delayMs > 0) await delay(delayMs, signal)
    signal.throwIfAborted()
    yield words.slice(at, at + step)
  }
}

/** Usage, counted in words. */
export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
