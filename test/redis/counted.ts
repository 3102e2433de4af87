// Streams whose text shows what is missing or doubled.

import type { Script } from '../support/script.ts'
import { talk, token } from '../support/talk.ts'

/** Numbered tokens, `ms` apart. */
export function counted(count: number, ms: number): Script {
  const steps = Array.from({ length: count }, (_, n) => [{ send: token(`${n} `) }, { wait: ms }])
  return talk(...steps.flat())
}

/** Their text. */
export function numbers(count: number): string {
  return Array.from({ length: count }, (_, n) => `${n} `).join('')
}
