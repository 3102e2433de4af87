import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama'
import { embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { Ollama } from 'ollama'
import { createOllama } from 'ollama-ai-provider-v2'
import { expect, it } from 'vitest'
import { vectorOf } from '../support/embeddings.ts'
import type { ChatBody } from '../support/personas.ts'
import { useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { startUpstream } from '../support/upstream.ts'
import { entry } from './keys-entries.ts'

/** Programs made for Ollama, unmodified. */
export function ollamaClient(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm' } })
  const client = () => new Ollama({ host: relay.server.url })

  it('lists, shows and embeds', async () => {
    const { models } = await client().list()
    expect(models.map(({ name }) => name)).toEqual(['Qwen/Qwen3-8B', 'static'])
    for (const model of ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B:latest']) {
      expect(await client().show({ model })).toMatchObject({
        capabilities: ['completion', 'tools'],
        model_info: { 'general.architecture': 'unknown', 'unknown.context_length': 40_960 },
      })
    }
    expect((await client().ps()).models.map(({ name }) => name)).toEqual(['Qwen/Qwen3-8B'])
    expect(await client().version()).toMatchObject({
      version: expect.stringMatching(/^0\.\d+\.\d+$/),
    })
    const { embeddings } = await client().embed({ model: 'm', input: ['a', 'b'] })
    expect(embeddings).toEqual([vectorOf(0), vectorOf(1)])
    expect(await client().embeddings({ model: 'm', prompt: 'a' })).toEqual({
      embedding: vectorOf(0),
    })
  })

  it('shows the text of an error', async () => {
    const showing = client().show({ model: 'nobody' })
    await expect(showing).rejects.toMatchObject({
      ...{ name: 'ResponseError', status_code: 404 },
      message: expect.stringContaining('no engine serves "nobody"'),
    })
  })

  it('is matched by LangChain', async () => {
    const embeddings = new OllamaEmbeddings({
      baseUrl: relay.server.url,
      model: 'm',
      maxRetries: 0,
    })
    expect(await embeddings.embedDocuments(['a', 'b'])).toEqual([vectorOf(0), vectorOf(1)])
    expect(await embeddings.embedQuery('a')).toEqual(vectorOf(0))
  })

  it('is matched by the ai SDK’s provider', async () => {
    const provider = createOllama({ baseURL: `${relay.server.url}/api` })
    const model = provider.embeddingModel('m')
    const { embeddings } = await embedMany({ model, values: ['a', 'b'], maxRetries: 0 })
    expect(embeddings).toEqual([vectorOf(0), vectorOf(1)])
  })

  const caller = useRelay(host, { upstream: { persona: 'vllm', script: callThenSay } })
  const parameters = { type: 'object', properties: { city: { type: 'string' } } } as const

  it('chats in LangChain, with a tool and its result', async () => {
    const chat = new ChatOllama({ baseUrl: caller.server.url, model: 'm', maxRetries: 0 })
    const described = { name: 'weather', description: 'The weather.', parameters }
    const able = chat.bindTools([{ type: 'function', function: described }])
    const asked = await able.invoke('What is the weather in Bonn?')
    expect(asked.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Bonn' } }])
    const [call] = asked.tool_calls ?? []
    const answer = await able.invoke([
      { role: 'user', content: 'What is the weather in Bonn?' },
      asked,
      { role: 'tool', content: 'rain', tool_call_id: call?.id ?? '' },
    ])
    expect(answer.content).toBe('It is rain.')
    const parts: unknown[] = []
    for await (const { content } of await chat.stream('Hi')) parts.push(content)
    expect(parts.join('')).toBe('Hello there.')
  })

  it('chats in the ai SDK, with a tool and its result', async () => {
    const model = createOllama({ baseURL: `${caller.server.url}/api` })('m')
    const weather = tool({
      description: 'The weather.',
      inputSchema: jsonSchema<{ city: string }>(parameters),
      execute: async ({ city }) => (city === 'Bonn' ? 'rain' : 'sun'),
    })
    const options = { model, tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 }
    const { text, steps } = await generateText({ ...options, prompt: 'What is the weather?' })
    expect(steps).toHaveLength(2)
    expect(text).toBe('It is rain.')
    const { textStream } = streamText({ model, prompt: 'Hi', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of textStream) parts.push(part)
    expect(parts.join('')).toBe('Hello there.')
  })

  const keyed = useServerWith(host, async () => {
    const upstream = await startUpstream({ persona: 'vllm' })
    const env = { SLUICE_KEYS: JSON.stringify([entry('ann', 'ann-key')]) }
    return { flags: ['--upstream', upstream.url], env }
  })

  it('sends a key in its headers', async () => {
    const headers = { Authorization: 'Bearer ann-key' }
    const { models } = await new Ollama({ host: keyed.url, headers }).list()
    expect(models).toHaveLength(2)
    await expect(new Ollama({ host: keyed.url }).list()).rejects.toThrow(
      /Authorization: Bearer KEY/,
    )
  })
}

/** Calls the tool that is offered, and then says what it gave. */
function callThenSay({ messages, tools }: ChatBody): Scripted {
  const last = (messages as { role: string; content: unknown }[]).at(-1)
  if (last?.role === 'tool') return { persona: 'vllm', words: ['It', 'is', `${last.content}.`] }
  if (tools === undefined) return { persona: 'vllm', words: ['Hello', 'there.'] }
  const toolCalls = [{ name: 'weather', arguments: ['{"city"', ':"Bonn"}'] }]
  return { persona: 'vllm', words: [], toolCalls }
}
