/** Takes from a server's answer what has the type that it should have: a server may be of any version. */
import { isObject } from '../../util/object.ts'
import type { Activity, EngineActivity, KeyActivity } from '../../wire/activity/schema.ts'
import { isNumber } from './format.ts'

/** What a field holds. */
type Kind = 'text' | 'number' | 'flag' | 'texts' | 'numbers' | 'objects' | Fields
interface Fields {
  [name: string]: Kind
}

const activityFields: Record<keyof Activity & string, Kind> = {
  ...{ id: 'text', arrived: 'number', method: 'text', path: 'text', api: 'text', state: 'text' },
  ...{ place: 'number', progress: 'text', model: 'text', engine: 'text', key: 'text' },
  ...{ client: 'text', session: 'text', streamed: 'flag', tokens: 'number' },
  ...{ tokensReported: 'flag', promptTokens: 'number', rate: 'number', durationMs: 'number' },
  ...{ queuedMs: 'number', firstTokenMs: 'number', longestGapMs: 'number', gaps: 'numbers' },
  ...{ stalls: 'number', heartbeats: 'number', blockedMs: 'number', attempts: 'number' },
  ...{ stream: 'text', unread: 'flag' },
  ...{ failures: 'texts', affinity: 'text', status: 'number', outcome: 'text', code: 'text' },
  ...{ message: 'text', repairs: 'texts', capture: 'text' },
}

const engineFields: Record<keyof EngineActivity & string, Kind> = {
  ...{ label: 'text', kind: 'text', state: 'text', breaker: 'text', running: 'number' },
  ...{ maxConcurrency: 'number', models: 'texts', loaded: 'texts', error: 'text' },
  recent: 'objects',
}

const recentFields: Fields = {
  ...{ model: 'text', requests: 'number', firstTokenMs: 'number', rate: 'number' },
}

const level: Fields = { limit: 'number', remaining: 'number', fullInMs: 'number' }

const used: Fields = { used: 'number', limit: 'number', remaining: 'number' }

const period: Fields = { period: 'text', requests: used, tokens: used }

const keyFields: Record<keyof KeyActivity & string, Kind> = {
  ...{ name: 'text', running: 'number', maxConcurrency: 'number' },
  ...{ requests: level, tokens: level, day: period, month: period },
}

/** A request; undefined for what has no id. */
export function readActivity(value: unknown): Activity | undefined {
  const read = taken(value, activityFields)
  return typeof read?.id === 'string' ? (read as Activity) : undefined
}

export function readEngine(value: unknown): EngineActivity | undefined {
  const read = taken(value, engineFields)
  if (read === undefined) return undefined
  const { models = [], loaded = [], recent = [] } = read as Partial<EngineActivity>
  const known = recent.map((each) => taken(each, recentFields) ?? {})
  return { ...read, models, loaded, recent: known } as EngineActivity
}

export function readKey(value: unknown): KeyActivity | undefined {
  return taken(value, keyFields) as KeyActivity | undefined
}

export function readQueue(value: unknown): { waiting?: number; limit?: number } | undefined {
  return taken(value, { waiting: 'number', limit: 'number' })
}

export function readCaptures(value: unknown) {
  const read = taken(value, { rule: 'text', count: 'number', bytes: 'number' })
  return read as { rule?: string; count?: number; bytes?: number } | undefined
}

/** The values of a list that can be read; undefined where there is no list. */
export function readList<T>(value: unknown, read: (each: unknown) => T | undefined) {
  if (!Array.isArray(value)) return undefined
  return value.map(read).filter((each) => each !== undefined)
}

function taken(value: unknown, fields: Fields): Record<string, unknown> | undefined {
  if (!isObject(value)) return undefined
  const read: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(fields)) {
    const found = field(value[name], kind)
    if (found !== undefined) read[name] = found
  }
  return read
}

function field(value: unknown, kind: Kind): unknown {
  if (typeof kind === 'object') return taken(value, kind)
  if (kind === 'text') return typeof value === 'string' ? value : undefined
  if (kind === 'number') return isNumber(value) ? value : undefined
  if (kind === 'flag') return typeof value === 'boolean' ? value : undefined
  if (!Array.isArray(value)) return undefined
  if (kind === 'numbers') return value.filter(isNumber)
  if (kind === 'objects') return value.filter(isObject)
  return value.filter((each) => typeof each === 'string')
}
