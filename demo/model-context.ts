import type { Model } from './api.ts'
import { bytesText } from './format.ts'

const LENGTHS = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072]

/** A choice of the length of a model's context, with the memory that each takes. */
export interface ContextOption {
  tokens: number
  text: string
}

/** The lengths that a model can have; none where there is nothing to choose. */
export function contextOptions(entry: Model): ContextOption[] {
  const { context_length: now, max_context_length: longest, memory_mb: memory } = entry
  const { context_bytes_per_token: perToken } = entry
  if (now === undefined || longest === undefined || perToken === undefined) return []
  const lengths = new Set([...LENGTHS.filter((tokens) => tokens < longest), longest])
  return [...lengths].map((tokens) => {
    const needed = memory && (memory + ((tokens - now) * perToken) / 2 ** 20) * 1e6
    const cost = needed === undefined ? '' : `, ${bytesText(needed)} of memory`
    return { tokens, text: `${tokens.toLocaleString('en')} tokens${cost}` }
  })
}

/** The memory in MB of a model without its context, which says how fast it is; undefined where it is not known. */
export function ownMemory({
  memory_mb: memory,
  context_length: context = 0,
  context_bytes_per_token: perToken = 0,
}: Model): number | undefined {
  return memory === undefined ? undefined : memory - (context * perToken) / 2 ** 20
}

/** What the list says of a model's context. */
export function contextText(entry: Model): string | undefined {
  const { context_length: context, context_reduced_from: reduced } = entry
  if (context === undefined) return undefined
  const text = `context ${context.toLocaleString('en')}`
  if (reduced === undefined) return text
  return `${text}, since ${reduced.toLocaleString('en')} did not fit into the memory`
}
