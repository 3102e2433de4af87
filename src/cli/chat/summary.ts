/** The line below an answer: its speed, its length, and how it ended. */
import { terminalLine } from '../../util/safe/terminal.ts'
import { sparkline } from '../sparkline.ts'
import type { AnswerOutcome, ChatAnswer } from './answer.ts'

const BETWEEN = ' · '

/** The most bars of a sparkline. */
const MOST_BARS = 32

/** The times between packets, in milliseconds. */
export function gapsOf({ arrivals }: ChatAnswer): number[] {
  return arrivals.slice(1).map((at, i) => at - (arrivals[i] as number))
}

/** Lines of at most `width` characters, as far as words allow. */
export function summaryLines(answer: ChatAnswer, width: number): string[] {
  const parts = [
    ...timing(answer),
    ...counted(answer),
    ...(answer.repaired.length > 0 ? [`repaired: ${answer.repaired.join(', ')}`] : []),
    outcomeText(answer.outcome),
  ]
  const gaps = gapsOf(answer)
  const scale = ` ≤ ${seconds(gaps.reduce((most, gap) => Math.max(most, gap), 0))}`
  const bars = sparkline(gaps, Math.min(MOST_BARS, width - scale.length))
  return filled(gaps.length > 1 ? [...parts, bars + scale] : parts, width)
}

function timing(answer: ChatAnswer): string[] {
  const { arrivals, outcome, totalMs } = answer
  const [first] = arrivals
  if (first === undefined) return outcome.how === 'finished' ? [`${seconds(totalMs)} in all`] : []
  const rate = rateOf(answer)
  const unit = answer.usage === undefined ? 'deltas' : 'tokens'
  return [
    `${seconds(first)} to the first token`,
    ...(rate === undefined ? [] : [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} ${unit}/s`]),
    ...(rate === undefined && answer.deltas > 1 ? ['all at once'] : []),
  ]
}

/** Tokens, or deltas where they were not counted, per second after the first arrival; undefined where all came in one. */
function rateOf(answer: ChatAnswer): number | undefined {
  const { arrivals } = answer
  const span = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)
  const tokens = seenTokens(answer)
  if (span <= 0 || arrivals.length < 2) return undefined
  return ((tokens - 1) / span) * 1_000
}

/** Tokens that arrived: a server also counts those of reasoning that it does not send. */
function seenTokens({ usage, deltas, hasReasoning }: ChatAnswer): number {
  if (usage === undefined) return deltas
  const { reasoning_tokens: hidden } = usage.completion_tokens_details ?? {}
  const kept = !hasReasoning && typeof hidden === 'number' ? hidden : 0
  return Math.max(1, usage.completion_tokens - kept)
}

function counted({ usage, deltas }: ChatAnswer): string[] {
  if (usage !== undefined) {
    return [`${plural(usage.completion_tokens, 'token')} (${usage.prompt_tokens} in)`]
  }
  return deltas > 0 ? [`${plural(deltas, 'delta')}, the server sent no token count`] : []
}

/** `finished: stop` */
export function outcomeText(outcome: AnswerOutcome): string {
  if (outcome.how === 'cancelled') return 'cancelled'
  if (outcome.how === 'finished') return `finished: ${terminalLine(outcome.reason)}`
  const { message, code } = outcome
  return `failed: ${terminalLine(message)}${code === null ? '' : ` [${terminalLine(code)}]`}`
}

/** As many parts in a line as fit; a part that is longer than a line is split at spaces. */
function filled(parts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + BETWEEN.length + part.length <= width) {
      lines[lines.length - 1] = last + BETWEEN + part
    } else lines.push(...folded(part, width))
  }
  return lines
}

/** Text in lines of at most `width` characters, except for longer words. */
export function folded(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

function seconds(milliseconds: number): string {
  return milliseconds < 1_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
