import { z } from 'zod'
import type { PersonaName, PersonaScript } from '../../support/personas.ts'
import type { Turns } from '../../support/script.ts'

export const model = 'Qwen/Qwen3-8B'

export const user = { role: 'user' as const, content: 'Where is it warmer?' }

export const personas: PersonaName[] = ['openai', 'vllm', 'ollama', 'llamaServer', 'webllm']

export const City = z.object({ city: z.string() })

const temperatures: Record<string, number> = { Paris: 21, Rome: 27 }

/** What the tool answers, and the calls it got. */
export function thermometer() {
  const asked: string[] = []
  const read = ({ city }: { city: string }) => {
    asked.push(city)
    return String(temperatures[city])
  }
  return { asked, read }
}

/** Two calls at once, then one that goes by their results, then the answer. */
export function agent(persona: PersonaName): Turns {
  const call = (city: string) => ({
    name: 'temperature',
    arguments: ['{"city"', `:"${city}"`, '}'],
  })
  return {
    turns: [
      {
        persona,
        words: [],
        reasoning: ['Two', 'cities.'],
        toolCalls: [call('Paris'), call('Rome')],
      },
      { persona, words: ['Once', 'more.'], toolCalls: [call('Rome')] },
      { persona, words: ['Rome', 'is', 'warmer.'] },
    ],
  }
}

/** The JSON that a model writes where a schema is enforced. */
export const structured: PersonaScript = {
  persona: 'vllm',
  words: ['{"city":', '"Rome",', '"degrees":', '27}'],
}

export const Report = z.object({ city: z.string(), degrees: z.number() })

export interface SentMessage {
  role: string
  content?: unknown
  tool_call_id?: string
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
}

export type Sent = (start: number) => { messages: SentMessage[]; [field: string]: unknown }[]

export type Expect = (start: number) => void
