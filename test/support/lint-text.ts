import type { Chunk } from './read.ts'
import type { StreamEvent } from './sse.ts'

/** What was asked for, as far as it shows in the answer. */
export interface AskedText {
  usage?: boolean
  /** Prompts times `n`; 1 by default. */
  choices?: number
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
  const { usage = false, choices = 1 } = asked
  const isFinished = events.at(-1)?.data === '[DONE]'
  return [
    ...lintOutcome(events, chunks),
    ...chunks.filter(({ error }) => !error).flatMap(lintChunk),
    ...lintChoices(chunks, choices, isFinished),
    ...lintUsage(chunks, usage, isFinished),
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
    const fields = Object.keys(error ?? {}).sort()
    if (fields.join() !== 'code,message,param,type') problems.push(`an error with ${fields}`)
    if (Object.keys(rest).length > 0) problems.push('an error beside other fields')
  }
  return problems
}

function lintChunk({ id, object, created, model, choices }: Chunk): string[] {
  const problems: string[] = []
  if (typeof id !== 'string' || id === '') problems.push('a chunk without an id')
  if (object !== 'text_completion') problems.push(`the object ${JSON.stringify(object)}`)
  if (!Number.isInteger(created) || Number(created) > 1e11) problems.push('created is no time')
  if (typeof model !== 'string' || model === '') problems.push('a chunk without a model')
  if (!Array.isArray(choices)) return [...problems, 'a chunk without choices']
  return [...problems, ...(choices as Choice[]).flatMap(lintChoice)]
}

function lintChoice({ index, text, logprobs, finish_reason: reason }: Choice): string[] {
  const problems: string[] = []
  if (!Number.isInteger(index)) problems.push('a choice without an index')
  if (typeof text !== 'string') problems.push('a choice without a text')
  if (typeof (logprobs ?? {}) !== 'object') problems.push('logprobs that are no object')
  const isKnown = reason === null || REASONS.includes(reason as string)
  if (!isKnown) problems.push(`finish_reason ${JSON.stringify(reason)}`)
  return problems
}

function lintChoices(chunks: Chunk[], expected: number, isFinished: boolean): string[] {
  const problems: string[] = []
  const ids = new Set(chunks.flatMap(({ id }) => id ?? []))
  const models = new Set(chunks.flatMap(({ model }) => model ?? []))
  if (ids.size > 1 || models.size > 1) problems.push(`${ids.size} ids, ${models.size} models`)
  const ended = new Map<unknown, boolean>()
  for (const { index, text, finish_reason } of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    const hasEnded = ended.get(index) ?? false
    if (index >= expected) problems.push(`choice ${index} of ${expected}`)
    if (hasEnded && text !== '') problems.push('text after the finish')
    if (hasEnded && finish_reason) problems.push(`choice ${index} ended twice`)
    ended.set(index, hasEnded || Boolean(finish_reason))
  }
  if (!isFinished) return problems
  for (const [index, hasEnded] of ended) if (!hasEnded) problems.push(`choice ${index} never ended`)
  if (ended.size !== expected) problems.push(`${ended.size} choices of ${expected}`)
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
