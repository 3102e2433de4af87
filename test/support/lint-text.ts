import { docUrlProblem } from './doc-url.ts'
import type { Chunk } from './read.ts'
import type { StreamEvent } from './sse.ts'

/** What was asked for, as far as it shows in the answer. */
export interface AskedText {
  usage?: boolean
  /** Prompts times `n`; 1 by default. */
  choices?: number
  /** An upstream wrote the frames: it may leave out what clients do without, and give fewer choices. */
  isForeign?: boolean
}

interface Choice {
  index?: unknown
  text?: unknown
  logprobs?: unknown
  finish_reason?: unknown
}

const REASONS = ['stop', 'length', 'content_filter']

/**
 * What a text completion's stream does that none may do, in words; empty for one that obeys. Written
 * from OpenAI's description of the API alone.
 */
export function lintText(events: StreamEvent[], chunks: Chunk[], asked: AskedText = {}): string[] {
  const { usage = false, choices = 1, isForeign = false } = asked
  const isFinished = events.at(-1)?.data === '[DONE]'
  return [
    ...lintOutcome(events, chunks),
    ...(isForeign ? [] : lintEnvelope(chunks)),
    ...chunks.flatMap((chunk) => (chunk.error ? [] : lintChunk(chunk, isForeign))),
    ...lintChoices(chunks, choices, isFinished, isFinished && !isForeign),
    ...lintUsage(chunks, usage, isFinished && !isForeign),
  ]
}

function lintOutcome(events: StreamEvent[], chunks: Chunk[]): string[] {
  const problems: string[] = []
  const dones = events.filter(({ data }) => data === '[DONE]').length
  const errors = chunks.filter(({ error }) => error)
  if (dones + errors.length > 1) problems.push(`${dones} [DONE] and ${errors.length} errors`)
  if (dones === 1 && events.at(-1)?.data !== '[DONE]') problems.push('events after [DONE]')
  if (errors.length > 0 && !chunks.at(-1)?.error) problems.push('chunks after an error')
  for (const { error, ...rest } of errors) {
    const wrong = docUrlProblem(error ?? {})
    if (wrong !== undefined) problems.push(wrong)
    const fields = Object.keys(error ?? {})
      .filter((name) => name !== 'doc_url')
      .sort()
    if (fields.join() !== 'code,message,param,type') problems.push(`an error with ${fields}`)
    if (Object.keys(rest).length > 0) problems.push('an error beside other fields')
  }
  return problems
}

function lintEnvelope(chunks: Chunk[]): string[] {
  const problems: string[] = []
  for (const { id, object, created, model, error } of chunks) {
    if (error) continue
    if (typeof id !== 'string' || id === '') problems.push('a chunk without an id')
    if (object !== 'text_completion') problems.push(`the object ${JSON.stringify(object)}`)
    if (!Number.isInteger(created)) problems.push('created is no time')
    if (typeof model !== 'string' || model === '') problems.push('a chunk without a model')
  }
  const models = new Set(chunks.flatMap(({ model }) => model ?? []))
  return models.size > 1 ? [...problems, `${models.size} models`] : problems
}

function lintChunk({ created, choices }: Chunk, isForeign: boolean): string[] {
  if (!Array.isArray(choices)) return ['a chunk without choices']
  const problems = choices.flatMap((choice) => lintChoice(choice as Choice, isForeign))
  return Number(created) > 1e11 ? [...problems, 'created in milliseconds'] : problems
}

function lintChoice(choice: Choice, isForeign: boolean): string[] {
  const { index, text, logprobs, finish_reason } = choice
  const problems: string[] = []
  if (!Number.isInteger(index)) problems.push('a choice without an index')
  if (typeof text !== 'string') problems.push('a choice without a text')
  if (typeof (logprobs ?? {}) !== 'object' && !isForeign) problems.push('logprobs that are none')
  const reason = isForeign ? (finish_reason ?? null) : finish_reason
  const isKnown = reason === null || REASONS.includes(reason as string)
  if (!isKnown) problems.push(`finish_reason ${JSON.stringify(reason)}`)
  return problems
}

function lintChoices(
  chunks: Chunk[],
  expected: number,
  isFinished: boolean,
  countsAll: boolean,
): string[] {
  const problems: string[] = []
  const ids = new Set(chunks.flatMap(({ id }) => id || []))
  if (ids.size > 1) problems.push(`${ids.size} ids`)
  const ended = new Map<unknown, boolean>()
  for (const { index, text, finish_reason } of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    const hasEnded = ended.get(index) ?? false
    if (index >= expected) problems.push(`choice ${index} of ${expected}`)
    if (hasEnded && text !== '') problems.push('text after the finish')
    if (hasEnded && finish_reason) problems.push(`choice ${index} ended twice`)
    ended.set(index, hasEnded || Boolean(finish_reason))
  }
  if (isFinished && [...ended.values()].includes(false)) problems.push('a choice that never ended')
  if (countsAll && ended.size !== expected) problems.push(`${ended.size} choices of ${expected}`)
  return problems
}

function lintUsage(chunks: Chunk[], asked: boolean, isFinished: boolean): string[] {
  const problems: string[] = []
  const withUsage = chunks.filter(({ usage }) => usage)
  if (withUsage.length > 1) problems.push(`usage ${withUsage.length} times`)
  if (withUsage.length > 0 && !asked) problems.push('usage that nobody asked for')
  const [only] = withUsage
  if (only === undefined) return asked && isFinished ? [...problems, 'no usage'] : problems
  if (only.choices?.length !== 0) problems.push('usage beside choices')
  if (chunks.at(-1) !== only) problems.push('usage that is not last')
  for (const field of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
    if (!Number.isInteger(only.usage?.[field])) problems.push(`usage without ${field}`)
  }
  return problems
}
