import type { Frame } from '../api.ts'
import { type Delta, deltasOf } from './deltas.ts'

/** A frame in a few words: what it adds to the answer, or else its event or its comment. */
export interface Summary {
  kind: Delta['kind'] | 'comment' | 'end' | 'event' | 'unreadable'
  text: string
  deltas: readonly Delta[]
}

const known = new WeakMap<Frame, Summary>()

export function summaryOf(frame: Frame): Summary {
  const summary = known.get(frame) ?? summarize(frame.text)
  known.set(frame, summary)
  return summary
}

function summarize(text: string): Summary {
  if (text.startsWith(':')) return { kind: 'comment', text: text.slice(1).trim(), deltas: [] }
  const lines = text.split(/\r\n|\r|\n/)
  const data = valuesOf(lines, 'data')
  const name = valuesOf(lines, 'event')[0] ?? ''
  // A line of Ollama, or a whole answer, is JSON as it is.
  const json = data.length > 0 ? data.join('\n') : text
  if (json.trim() === '[DONE]') return { kind: 'end', text: '[DONE]', deltas: [] }
  let payload: unknown
  try {
    payload = JSON.parse(json)
  } catch {
    return { kind: 'unreadable', text: name || 'not JSON', deltas: [] }
  }
  const deltas = deltasOf(payload)
  const [first] = deltas
  if (first === undefined) return { kind: 'event', text: name || typeIn(payload), deltas }
  const named = deltas.find((delta) => delta.name)?.name
  const same = deltas.filter(({ kind }) => kind === first.kind)
  const words = same.map((delta) => delta.text).join(' ')
  return { kind: first.kind, text: named ? `${named}(${words}` : words, deltas }
}

function valuesOf(lines: readonly string[], field: string): string[] {
  return lines
    .filter((line) => line.startsWith(`${field}:`))
    .map((line) => line.slice(field.length + 1).replace(/^ /, ''))
}

function typeIn(payload: unknown): string {
  const { type, object } = (payload ?? {}) as { type?: unknown; object?: unknown }
  if (typeof type === 'string') return type
  return typeof object === 'string' ? `${object.replace(/^.*\./, '')} without text` : 'JSON'
}
