import type { ChatYield } from '../../../../src/engines/custom/chat-form.ts'
import type { EngineDefinition } from '../../../../src/engines/custom/define-engine.ts'

export const chatPath = '/v1/chat/completions'

export async function* words(): AsyncGenerator<ChatYield> {
  yield 'Hello'
  yield ' there'
}

/** Yields these, and returns the last value. */
export function yielding(values: unknown[], returned?: unknown): EngineDefinition['chat'] {
  return async function* () {
    for (const value of values) yield value as ChatYield
    return returned
  }
}
