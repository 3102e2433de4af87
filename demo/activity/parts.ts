/** What an answer has said so far, joined from its deltas. */
import type { Delta } from '../frames/deltas.ts'

export interface Call {
  name: string
  input: string
}

export interface Parts {
  /** A text for each answer; most requests ask for one. */
  texts: ReadonlyMap<number, string>
  reasoning: string
  calls: ReadonlyMap<number, Call>
  finish: string
  usage: string
  error: string
}

export const NOTHING: Parts = {
  texts: new Map(),
  reasoning: '',
  calls: new Map(),
  finish: '',
  usage: '',
  error: '',
}

export function withDeltas(parts: Parts, deltas: readonly Delta[]): Parts {
  if (deltas.length === 0) return parts
  const texts = new Map(parts.texts)
  const calls = new Map(parts.calls)
  let { reasoning, finish, usage, error } = parts
  for (const { kind, text, index = 0, name = '' } of deltas) {
    if (kind === 'text') texts.set(index, (texts.get(index) ?? '') + text)
    else if (kind === 'reasoning') reasoning += text
    else if (kind === 'call') {
      const call = calls.get(index)
      calls.set(index, { name: call?.name || name, input: (call?.input ?? '') + text })
    } else if (kind === 'finish') finish = text
    else if (kind === 'usage') usage = text
    else error = text
  }
  return { texts, calls, reasoning, finish, usage, error }
}
