import { DONE } from './oddities/plain.ts'
import { frame, type Script, type Step } from './script.ts'

const ENVELOPE = {
  id: 'chatcmpl-t',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'm',
}

function chunkOf(delta: object, finish_reason: string | null): string {
  return frame({ ...ENVELOPE, choices: [{ index: 0, delta, finish_reason }] })
}

/** A frame with one token and the role; an empty token has no text. */
export function token(content = 'tok'): string {
  return chunkOf({ role: 'assistant', content }, null)
}

/** A complete end: the finish reason and `[DONE]`. */
export const END = chunkOf({}, 'stop') + DONE

/** Tokens and other steps, followed by a complete end. */
export function talk(...parts: (string | Step)[]): Script {
  const steps = parts.map((part) => (typeof part === 'string' ? { send: token(part) } : part))
  return { steps: [...steps, { send: END }] }
}

/** `count` tokens, `ms` apart, followed by a complete end. */
export function pace(count: number, ms: number): Script {
  return talk({ repeat: count, steps: [{ send: token() }, { wait: ms }] })
}
