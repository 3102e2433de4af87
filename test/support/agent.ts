import type { ChatBody } from './personas.ts'
import type { Scripted } from './script.ts'

/** A tool's result as a chat message. */
interface ToolMessage {
  role: string
  content: string
}

/**
 * A model that calls a tool for the weather of two cities in parallel, then one for the difference of
 * the results, and then answers with text.
 */
export function weatherAgent({ messages }: ChatBody): Scripted {
  const results = (messages as ToolMessage[]).filter(({ role }) => role === 'tool')
  const told = results.map(({ content }) => content)
  const plan = { persona: 'vllm' as const, reasoning: ['Let', 'me', 'see.'] }
  if (told.length === 0) {
    const toolCalls = [
      { name: 'weather', arguments: ['{"city"', ':"Paris"', '}'] },
      { name: 'weather', arguments: ['{"city":', '"Rome"}'] },
    ]
    return { ...plan, words: ['One', 'moment.'], toolCalls }
  }
  if (told.length === 2) {
    const [a, b] = told.map((text) => Number(/-?\d+/.exec(text)?.[0]))
    const text = JSON.stringify({ a, b })
    return { ...plan, words: [], toolCalls: [{ name: 'subtract', arguments: [...text] }] }
  }
  return { ...plan, words: ['The', 'difference', 'is', `${told[2]}.`] }
}

export const AGENT_ANSWER = 'The difference is 7.'

const temperatures: Record<string, number> = { Paris: 14, Rome: 21 }

export function weather({ city }: { city: string }): string {
  return `${temperatures[city]} degrees`
}

export function subtract({ a, b }: { a: number; b: number }): string {
  return String(b - a)
}

export const citySchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

export const pairSchema = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
} as const
