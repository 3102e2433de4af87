// Steps of an upstream's answer to a chat.

import type { Step } from '../../support/script.ts'

/** The event of a delta. */
export function delta(fields: object, finish_reason: string | null = null): Step {
  const choices = [{ index: 0, delta: fields, finish_reason }]
  return { chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices } }
}

export function text(content: string): Step {
  return delta({ content })
}

/** The end of an answer. */
export const END: readonly Step[] = [delta({}, 'stop'), { send: 'data: [DONE]\n\n' }]
