import type { ChatBody } from '../../support/personas.ts'
import type { Scripted } from '../../support/script.ts'

/** The temperatures that the tool knows. */
const DEGREES: Record<string, number> = { Paris: 21, Rome: 27 }

/**
 * A model that asks for two temperatures at once, then for their sum, and tells what it was told: the
 * last answer is right only if every call and every output came through.
 */
export function additionAgent({ messages }: ChatBody): Scripted {
  const outputs = (messages as { role: string; content: unknown }[])
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => textOf(content))
  const calls = (name: string, args: object[]): Scripted => ({
    persona: 'vllm',
    reasoning: ['Let', 'me', 'see.'],
    words: ['One', 'moment.'],
    toolCalls: args.map((value) => ({ name, arguments: cut(JSON.stringify(value)) })),
  })
  if (outputs.length === 0) return calls('weather', [{ city: 'Paris' }, { city: 'Rome' }])
  if (outputs.length === 2) return calls('add', [{ a: Number(outputs[0]), b: Number(outputs[1]) }])
  return { persona: 'vllm', words: ['Together', `${outputs[2]}.`] }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return (content as { text: string }[]).map(({ text }) => text).join('')
}

function cut(text: string): string[] {
  return [text.slice(0, 4), text.slice(4)]
}

/** What a tool of the agent's says. */
export function runTool(name: string, text: string): string {
  const args = JSON.parse(text) as { city: string; a: number; b: number }
  return String(name === 'weather' ? DEGREES[args.city] : args.a + args.b)
}

export const cityTool = {
  type: 'function' as const,
  name: 'weather',
  strict: null,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}

export const addTool = {
  type: 'function' as const,
  name: 'add',
  strict: null,
  parameters: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
  },
}
