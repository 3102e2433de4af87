/**
 * What is believed of the token counts that an engine reports. A count is a whole number from 0 up to a
 * thousand million: a text, a negative number, a fraction or 1e15 is none. It is never made up: the client
 * gets what the engine counted, or no count.
 */
import { isObject } from '../util/object.ts'
import type { Usage } from './chat/answer.ts'

/** No request is longer, by far: the longest contexts of models have some ten million tokens. */
const LARGEST = 1e9

/** Whether a value counts tokens. */
export function isTokenCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST
}

/** The names of the counts in one API. */
interface Names {
  input: string
  output: string
  total?: string
  /** Objects of further counts, or further counts. */
  details: readonly string[]
}

const CHAT: Names = {
  input: 'prompt_tokens',
  output: 'completion_tokens',
  total: 'total_tokens',
  details: ['prompt_tokens_details', 'completion_tokens_details'],
}

const RESPONSES: Names = {
  input: 'input_tokens',
  output: 'output_tokens',
  total: 'total_tokens',
  details: ['input_tokens_details', 'output_tokens_details'],
}

const MESSAGES: Names = {
  input: 'input_tokens',
  output: 'output_tokens',
  details: [
    'cache_creation_input_tokens',
    'cache_read_input_tokens',
    'output_tokens_details',
    'cache_creation',
  ],
}

type Fields = Record<string, unknown>

/**
 * Repairs the usage of a chat, a text completion or embeddings in place: a wrong total becomes the sum, a
 * wrong detail is removed, and so is the whole usage where the prompt or the answer has no true count.
 * Returns whether anything changed.
 */
export function repairUsage(holder: { usage?: unknown }): boolean {
  const { usage } = holder
  if (usage === undefined || usage === null) return false
  const repaired = repairCounts(usage, CHAT)
  if (repaired === 'lost') delete holder.usage
  return repaired !== 'same'
}

/** The same for a response; `usage` becomes null, as it is in a response that has none. */
export function repairResponseUsage(response: { usage?: unknown }): boolean {
  const { usage } = response
  if (usage === undefined || usage === null) return false
  const repaired = repairCounts(usage, RESPONSES)
  if (repaired === 'lost') response.usage = null
  return repaired !== 'same'
}

/** The same for a message and its events, in which an unknown count is 0 because clients add it up. */
export function repairMessageUsage(holder: { usage?: unknown }): boolean {
  const { usage } = holder
  if (usage === undefined || usage === null) return false
  if (!isObject(usage)) {
    delete holder.usage
    return true
  }
  const { input, output } = MESSAGES
  const wrong = [input, output].filter((name) => isWrong(usage[name]))
  for (const name of wrong) usage[name] = 0
  return repairDetails(usage, MESSAGES.details) || wrong.length > 0
}

/** `lost`: there is no true count of the prompt, or none of the answer. */
function repairCounts(usage: unknown, names: Names): 'same' | 'changed' | 'lost' {
  if (!isObject(usage)) return 'lost'
  const { input, output, total = '', details } = names
  if (isWrong(usage[input]) || isWrong(usage[output])) return 'lost'
  let changed = repairDetails(usage, details)
  if (isWrong(usage[total])) {
    const parts = [usage[input], usage[output] ?? 0]
    if (!parts.every(isTokenCount)) return 'lost'
    usage[total] = parts.reduce((sum, part) => sum + part, 0)
    changed = true
  }
  return changed ? 'changed' : 'same'
}

/**
 * Removes wrong counts, and those in an object of counts. Returns whether there were any. What is no
 * count by its name stays as it came: rates, kinds of caches, objects and lists of a server's own.
 */
function repairDetails(usage: Fields, names: readonly string[]): boolean {
  let changed = false
  for (const name of names) {
    const detail = usage[name]
    if (!isObject(detail)) changed = removeWrong(usage, name) || changed
    else for (const field in detail) changed = removeWrong(detail, field) || changed
  }
  return changed
}

/** Returns whether the field is a count by its name and was wrong. */
function removeWrong(holder: Fields, field: string): boolean {
  if (!field.endsWith('_tokens') || !isWrong(holder[field])) return false
  delete holder[field]
  return true
}

/** A count that is left out is not wrong. */
function isWrong(value: unknown): boolean {
  return value !== undefined && value !== null && !isTokenCount(value)
}

/** The counts of a chat's usage as far as they are true; undefined if none is. */
export function countsOf(usage: Usage | undefined): Usage | undefined {
  if (!isObject(usage)) return undefined
  const holder = { usage: { ...usage } as Usage }
  repairUsage(holder)
  return holder.usage
}

/** What limits the counts of one request. */
export interface UsageBounds {
  /** The most tokens that its prompt can have, and whether it has any text. */
  promptMost: number
  hasPrompt: boolean
  /** The fewest and the most tokens that all answers together can have. */
  answerLeast: number
  answerMost: number
}

/** What a request used. */
export interface Use {
  total: number
  answer: number
}

/**
 * The tokens that a request used, by the engine's count as far as that is plausible. Of more than can have
 * been, the most that can have been counts: the estimate would make a request nearly free whose upstream
 * adds much of its own. Where a count is missing or too small, `estimate` is called and counts if it is
 * larger. A total may be more than the sum, as some servers count thinking only there.
 */
export function plausibleUse(
  usage: Usage,
  { promptMost, hasPrompt, answerLeast, answerMost }: UsageBounds,
  estimate: () => Use,
): Use & { isPlausible: boolean } {
  const { prompt_tokens: prompt } = usage
  const total = isTokenCount(usage.total_tokens) ? usage.total_tokens : undefined
  const answered = usage.completion_tokens ?? 0
  const isLarge = isTokenCount(prompt) && prompt >= (hasPrompt ? 1 : 0)
  const isLong = isTokenCount(answered) && answered >= answerLeast
  // A total alone may be all of the prompt.
  let promptUse = Math.min(promptMost, [prompt, total].find(isTokenCount) ?? 0)
  let answer = isTokenCount(answered) ? Math.min(answered, answerMost) : 0
  if (!isLarge || !isLong) {
    const expected = estimate()
    promptUse = Math.max(promptUse, expected.total - expected.answer)
    answer = Math.max(answer, expected.answer)
  }
  const beyond = isLarge && isTokenCount(answered) ? (total ?? 0) - prompt - answered : 0
  const hidden = Math.max(0, Math.min(beyond, answerMost - answer))
  const isWithin = promptUse === prompt && answer === answered && hidden === Math.max(0, beyond)
  return {
    total: promptUse + answer + hidden,
    answer: answer + hidden,
    isPlausible: isLarge && isLong && isWithin,
  }
}
