import { expect } from 'vitest'
import type { Relay } from '../support/relay.ts'
import { postResponses } from '../support/responses.ts'
import type { Scripted } from '../support/script.ts'

export type Fields = Record<string, unknown>

export const HEARTBEAT = 100

export const flags = ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', '100ms']

export const full: Scripted = {
  persona: 'vllm',
  reasoning: ['Hm.', 'Well.'],
  words: ['It', 'is', 'so.'],
  toolCalls: [
    { name: 'weather', arguments: ['{"city"', ':"Paris"', '}'] },
    { name: 'weather', arguments: ['{"city":', '"Rome"}'] },
  ],
}

export interface Answer extends Fields {
  id: string
  output: { id: string; type: string }[]
}

export async function ask(relay: Relay, body: Fields): Promise<Answer> {
  const response = await postResponses(relay.server.base, { stream: false, ...body })
  expect(response.status, await response.clone().text()).toBe(200)
  return (await response.json()) as Answer
}
