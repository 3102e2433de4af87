import { createOpenAI } from '@ai-sdk/openai'
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { expect, it } from 'vitest'
import * as z from 'zod'
import type { Relay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'
import { additionAgent, addTool, cityTool, runTool } from './addition-agent.ts'
import { broken, model, slow } from './responses-scripts.ts'

/** The SDK sends no fields that it does not know; its fetch may. */
function aiProvider(relay: Relay, script?: Scripted) {
  return createOpenAI({
    baseURL: relay.server.base,
    apiKey: 'none',
    fetch: ((url: string, init: RequestInit) => {
      const body = { ...JSON.parse(String(init.body)), ...(script && { script }) }
      return fetch(url, { ...init, body: JSON.stringify(body) })
    }) as typeof fetch,
  })
}

export function aiSdk(relay: Relay): void {
  it.each(['static', model])('streams from %s', async (name) => {
    const result = streamText({ model: aiProvider(relay)(name), prompt: 'Go.', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of result.textStream) parts.push(part)
    expect(parts.length).toBeGreaterThan(5)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(5)
  })

  it('streams a quiet engine, heartbeats and all', async () => {
    const result = streamText({
      model: aiProvider(relay, slow)(model),
      prompt: 'Go.',
      maxRetries: 0,
    })
    expect(await result.text).toBe('toktok')
    expect(await result.warnings).toEqual([])
  })

  it.each(['static', model])('gets a whole answer from %s', async (name) => {
    const result = await generateText({
      model: aiProvider(relay)(name),
      prompt: 'Go.',
      maxRetries: 0,
    })
    expect(result.text.split(' ').length).toBeGreaterThan(5)
    expect(result.finishReason).toBe('stop')
  })

  it('shows what a model thinks where a summary is asked for', async () => {
    const script = additionAgent({ messages: [] })
    const providerOptions = {
      openai: { reasoningSummary: 'auto', forceReasoning: true },
    }
    const result = streamText({
      model: aiProvider(relay, script)(model),
      prompt: 'Go.',
      providerOptions,
    })
    expect(await result.reasoningText).toBe('Let me see.')
  })

  it('gives an object of a form', async () => {
    const { object } = await generateObject({
      model: aiProvider(relay, { persona: 'vllm', words: ['{"city":', '"Paris"}'] })(model),
      prompt: 'Where?',
      schema: z.object({ city: z.string() }),
      maxRetries: 0,
    })
    expect(object).toEqual({ city: 'Paris' })
  })

  it('tells of an error inside a stream', async () => {
    const errors: unknown[] = []
    const result = streamText({
      model: aiProvider(relay, broken)(model),
      prompt: 'Go.',
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    })
    let said = ''
    for await (const part of result.textStream) said += part
    expect(said).toBe('Half a thought')
    expect(errors).toHaveLength(1)
    expect(`${errors[0]} ${JSON.stringify(errors[0])}`).toContain('CUDA')
    expect(await result.finishReason).toBe('error')
  })
}

export function aiSdkAgent(relay: Relay): void {
  const tools = {
    weather: tool({
      inputSchema: jsonSchema<{ city: string }>(cityTool.parameters as never),
      execute: async (input) => runTool('weather', JSON.stringify(input)),
    }),
    add: tool({
      inputSchema: jsonSchema<{ a: number; b: number }>(addTool.parameters as never),
      execute: async (input) => runTool('add', JSON.stringify(input)),
    }),
  }

  it('runs an agent, streaming', async () => {
    const result = streamText({
      model: aiProvider(relay)(model),
      prompt: 'How warm?',
      tools,
      stopWhen: stepCountIs(5),
      maxRetries: 0,
    })
    expect(await result.text).toBe('Together 48.')
    expect(await result.steps).toHaveLength(3)
  })

  it('runs an agent that keeps nothing at the server', async () => {
    const result = await generateText({
      model: aiProvider(relay)(model),
      prompt: 'How warm?',
      tools,
      stopWhen: stepCountIs(5),
      providerOptions: {
        openai: { store: false, forceReasoning: true, reasoningSummary: 'auto' },
      },
      maxRetries: 0,
    })
    expect(result.text).toBe('Together 48.')
    const sent = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    expect(sent.messages[1]).toMatchObject({ reasoning_content: 'Let me see.' })
  })
}
