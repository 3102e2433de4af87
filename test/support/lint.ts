import { docUrlProblem } from './doc-url.ts'
import type { Chunk, ChunkChoice } from './read.ts'
import type { StreamEvent } from './sse.ts'

const REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']

const TEXTS = ['role', 'content', 'refusal', 'reasoning', 'reasoning_content']

/**
 * The rules that a chat stream breaks, a sentence each; empty for a correct stream. It does not use
 * sluice's own code, and allows what sluice may forward: a changing `created`, an empty id, chunks
 * without choices.
 */
export function lint(events: StreamEvent[], chunks: Chunk[], usageAsked: boolean): string[] {
  return [
    ...lintEnding(events, chunks),
    ...lintEnvelope(chunks),
    ...lintChoices(chunks),
    ...lintToolCalls(chunks),
    ...lintUsage(chunks, usageAsked),
  ]
}

function lintEnding(events: StreamEvent[], chunks: Chunk[]): string[] {
  const problems: string[] = []
  const dones = events.filter((event) => event.data === '[DONE]').length
  if (dones > 1) problems.push(`[DONE] ${dones} times`)
  if (dones > 0 && events.at(-1)?.data !== '[DONE]') problems.push('events after [DONE]')
  const failures = chunks.filter((chunk) => chunk.error)
  if (failures.length > 1) problems.push(`${failures.length} error frames`)
  if (failures.length > 0 && !chunks.at(-1)?.error) problems.push('chunks after an error frame')
  if (failures.length > 0 && dones > 0) problems.push('both an error frame and [DONE]')
  for (const { error } of failures) problems.push(...lintError(error))
  if (dones > 0 && failures.length === 0) problems.push(...lintFinished(chunks))
  return problems
}

function lintError(error: Chunk['error']): string[] {
  if (typeof error !== 'object') return [`an error frame with ${typeof error}`]
  const wrong = docUrlProblem(error)
  if (wrong !== undefined) return [wrong]
  const fields = Object.keys(error)
    .filter((name) => name !== 'doc_url')
    .sort()
    .join()
  return fields === 'code,message,param,type' ? [] : [`an error frame with ${fields}`]
}

function lintFinished(chunks: Chunk[]): string[] {
  const choices = chunks.flatMap((chunk) => chunk.choices ?? [])
  const seen = new Set(choices.map((choice) => choice.index))
  const ended = new Set(choices.filter((each) => each.finish_reason).map((each) => each.index))
  if (seen.size === 0) return ['[DONE] without a choice']
  return [...seen]
    .filter((index) => !ended.has(index))
    .map((index) => `choice ${index} never ended`)
}

function lintEnvelope(chunks: Chunk[]): string[] {
  const problems: string[] = []
  const ids = new Set(chunks.map((chunk) => chunk.id).filter(Boolean))
  if (ids.size > 1) problems.push(`${ids.size} ids`)
  for (const { created, choices, error } of chunks) {
    if (!Array.isArray(choices) && !error) problems.push('a chunk without choices')
    if (typeof created === 'number' && created > 1e11) problems.push('created in milliseconds')
    if (typeof created === 'number' && created % 1 !== 0) problems.push('created in fractions')
  }
  return problems
}

function lintChoices(chunks: Chunk[]): string[] {
  const problems: string[] = []
  const states = new Map<number, { ended: boolean; spoken: boolean }>()
  for (const choice of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    const index = choice.index
    if (!Number.isInteger(index)) problems.push('a choice without an index')
    if (typeof choice.delta !== 'object') {
      problems.push('a choice without a delta')
      continue
    }
    const state = states.get(index) ?? { ended: false, spoken: false }
    states.set(index, state)
    if (!state.spoken && choice.delta.role !== 'assistant') problems.push('no role first')
    state.spoken = true
    if (state.ended && hasContent(choice)) problems.push('content after the finish')
    for (const field of TEXTS) {
      const type = typeof (choice.delta[field] ?? '')
      if (type !== 'string') problems.push(`${field} that is no string but ${type}`)
    }
    const reason = choice.finish_reason
    if (reason === null || reason === undefined) continue
    if (!REASONS.includes(reason)) problems.push(`finish_reason ${JSON.stringify(reason)}`)
    if (state.ended) problems.push(`choice ${index} ended twice`)
    state.ended = true
  }
  return problems
}

function hasContent({ delta }: ChunkChoice): boolean {
  const fields = ['content', 'reasoning', 'reasoning_content', 'refusal', 'tool_calls']
  return fields.some((field) => delta[field] && String(delta[field]) !== '')
}

/** Each call has an index; its first piece, and only that, has an id, a type and a name. */
function lintToolCalls(chunks: Chunk[]): string[] {
  const problems: string[] = []
  const seen = new Map<string, Set<string>>()
  for (const { index: choice, delta } of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    for (const call of Array.isArray(delta?.tool_calls) ? (delta.tool_calls as CallPiece[]) : []) {
      if (!Number.isInteger(call.index)) problems.push('a tool call without an index')
      if (typeof (call.function?.arguments ?? '') !== 'string') {
        problems.push('arguments that are no string')
      }
      const said = introduced(call)
      const key = `${choice} ${call.index}`
      const known = seen.get(key)
      if (known === undefined) {
        for (const field of ['id', 'type']) {
          if (!said.includes(field)) problems.push(`a tool call without its ${field}`)
        }
      }
      for (const field of said) if (known?.has(field)) problems.push(`a tool call's ${field} twice`)
      seen.set(key, new Set([...(known ?? []), ...said]))
    }
  }
  return problems
}

interface CallPiece {
  index?: unknown
  id?: unknown
  type?: unknown
  function?: { name?: unknown; arguments?: unknown } | null
  custom?: { name?: unknown } | null
}

/** The fields in this piece that may appear only once. */
function introduced(call: CallPiece): string[] {
  const name = call.function?.name ?? call.custom?.name
  return Object.entries({ id: call.id, type: call.type, name })
    .filter(([, value]) => value)
    .map(([field]) => field)
}

function lintUsage(chunks: Chunk[], asked: boolean): string[] {
  const problems: string[] = []
  const withUsage = chunks.filter((chunk) => chunk.usage)
  if (withUsage.length > 0 && !asked) problems.push('usage that nobody asked for')
  if (withUsage.length > 1) problems.push(`usage ${withUsage.length} times`)
  const [only] = withUsage
  if (only && only.choices?.length !== 0) problems.push('usage beside choices')
  if (only && chunks.at(-1) !== only) problems.push('usage that is not last')
  return problems
}
