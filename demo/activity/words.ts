/** What a record says, in words. */
import type { Activity, ActivityState } from '../../src/wire/activity/schema.ts'

/** Of running requests; `ended` is told by the outcome. */
export const STATE_WORDS = {
  reading: 'Reading',
  queued: 'Queued',
  loading: 'Loading',
  prefill: 'Prefill',
  streaming: 'Streaming',
  blocked: 'Blocked',
  stalled: 'Stalled',
} as const satisfies Record<Exclude<ActivityState, 'ended'>, string>

export const OUTCOME_WORDS = {
  finished: 'Finished',
  ok: 'Answered',
  failed: 'Failed',
  refused: 'Refused',
  cancelled: 'Cancelled',
} as const

/** What a state means, for those who wonder. */
export const STATE_MEANINGS: Record<string, string> = {
  reading: 'Reading the request body',
  queued: 'Waiting for an engine',
  loading: 'The engine is loading the model',
  prefill: 'The engine is processing the prompt',
  streaming: 'Tokens arrive',
  blocked: 'The client is not reading',
  stalled: 'No token for 5 seconds',
}

/** The name of the shape and colour of a record. */
export function markOf({ state, outcome }: Activity): string {
  return state === 'ended' ? (outcome ?? 'ended') : state
}

export function wordOf({ state, outcome }: Activity): string {
  if (state !== 'ended') return STATE_WORDS[state]
  return (OUTCOME_WORDS as Record<string, string>)[outcome ?? ''] ?? outcome ?? 'Ended'
}

/** More about the state: the place in the queue, or what the engine does. */
export function noteOf(record: Activity): string {
  const { state, place, progress, blockedMs = 0 } = record
  const share = loadedShare(record)
  if (state === 'queued' && place !== undefined) return place === 1 ? 'next' : `place ${place}`
  if (state === 'loading' && share !== undefined) return `${Math.round(share * 100)} %`
  if (state === 'loading' || state === 'prefill') return progress ?? ''
  if (record.unread) return 'nobody reads it'
  if (state === 'blocked') return `not read for ${durationText(blockedMs)}`
  return ''
}

/** The share that is loaded, from the words of the engine; undefined where they have none. */
export function loadedShare({ progress = '' }: Activity): number | undefined {
  const percent = /(\d{1,3}(?:\.\d{1,3})?)\s?%/.exec(progress)?.[1]
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100)
}

export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`
}

export function timeOfDay(ms: number): string {
  return new Date(ms).toLocaleTimeString()
}

export function countText(count: number): string {
  return count < 100_000 ? String(count) : `${Math.round(count / 1_000)} k`
}

/** All of a row in one sentence, for those who hear it. */
export function sentenceOf(record: Activity): string {
  const { model, engine, key, tokens, place, code, state } = record
  const parts = [
    wordOf(record) + (state === 'queued' && place !== undefined ? `, place ${place}` : ''),
    model ?? record.path,
    engine !== undefined && `on ${engine}`,
    key !== undefined && `key ${key}`,
    tokens > 0 && `${tokens} tokens`,
    code,
  ]
  return parts.filter(Boolean).join(', ')
}
