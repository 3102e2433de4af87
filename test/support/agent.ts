import type { ChatBody } from './personas.ts'
import type { Scripted } from './script.ts'

/** A tool's result as a chat has it. */
interface ToolMessage {
  role: string
  content: string
}

/**
 * A model that asks for the weather of two cities at once, then for the difference of what it was
 * told, and then says what came of it.
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
