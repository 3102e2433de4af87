import { expect } from 'vitest'
import { ChatContract, type ContractOptions } from '../../../../src/wire/contract/chat.ts'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'

export const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

export function contract(options: Partial<ContractOptions> = {}) {
  return new ChatContract({ label: 'ollama', ...options })
}

export function chunk(choices: unknown[], more: Record<string, unknown> = {}) {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1_800_000_000,
    model: 'm',
    choices,
    ...more,
  }
}

export function says(content: string, more: Record<string, unknown> = {}) {
  return chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }], more)
}

export function ends(finish_reason: unknown, index = 0) {
  return chunk([{ index, delta: {}, finish_reason }])
}

export function codeOf(work: () => unknown): string | null {
  try {
    work()
  } catch (error) {
    expect((error as ApiError).status).toBe(502)
    expect((error as ApiError).message).toContain('ollama')
    return (error as ApiError).code
  }
  throw new Error('it did not fail')
}
