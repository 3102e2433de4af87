import { createOpenAI } from '@ai-sdk/openai'
import { ChatOpenAI } from '@langchain/openai'
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses'
import OldOpenAI from 'openai-6.45'
import { afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { needs } from '../support/hosts.ts'
import type { ChatBody } from '../support/personas.ts'
import { type Relay, useRelay } from '../support/relay.ts'
import type { Script, Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'

const model = 'Qwen/Qwen3-8B'
const HEARTBEAT = 100

/** Two tokens, then an error in the middle of the stream. */
const broken: Script = {
  steps: [
    { send: token('Half ') },
    { send: token('a thought') },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A quiet engine, so that clients meet heartbeats in every place. */
const slow = talk({ wait: 4 * HEARTBEAT }, 'tok', { wait: 4 * HEARTBEAT }, 'tok')

/** The temperatures that the tool knows. */
const DEGREES: Record<string, number> = { Paris: 21, Rome: 27 }

/**
 * A model that asks for two temperatures at once, then for their sum, and tells what it was told: the
 * last answer is right only if every call and every output came through.
 */
function agent({ messages }: ChatBody): Scripted {
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

function run(name: string, text: string): string {
  const args = JSON.parse(text) as { city: string; a: number; b: number }
  return String(name === 'weather' ? DEGREES[args.city] : args.a + args.b)
}

const cityTool = {
  type: 'function' as const,
  name: 'weather',
  strict: null,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}
const addTool = {
  type: 'function' as const,
  name: 'add',
  strict: null,
  parameters: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
  },
}

/** Clients of the Responses API that people use, as they are. */
export function responsesClients(host: HostName): void {
  const relay = useRelay(host, {
    flags: ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', '100ms'],
    upstream: { persona: 'vllm' },
  })
  afterEach(() => {
    relay.upstream.script = undefined
  })
  describe('the openai SDK', () => {
    openaiSdk(relay)
    openaiAgent(relay)
    describe('in the background', needs(host, 'waking'), () => openaiBackground(relay))
  })
  describe('the ai SDK', () => aiSdk(relay))
  describe('LangChain', () => langChain(relay))
}

function clientOf(relay: Relay): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0 })
}

/** A field that only the scripted upstream knows; it passes through sluice as any other. */
function scripted(script: Scripted): object {
  return { script }
}

function openaiSdk(relay: Relay): void {
  it.each(['static', model])('gets a whole answer from %s', async (name) => {
    const response = await clientOf(relay).responses.create({ model: name, input: 'Go.' })
    expect(response.status).toBe('completed')
    expect(response.output_text.split(' ').length).toBeGreaterThan(5)
    expect(response.usage?.total_tokens).toBeGreaterThan(5)
  })

  it.each(['static', model])('streams from %s', async (name) => {
    const stream = await clientOf(relay).responses.create({
      model: name,
      input: 'Go.',
      stream: true,
    })
    let said = ''
    let last: ResponseStreamEvent | undefined
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta
      last = event
    }
    expect(last?.type).toBe('response.completed')
    expect(said.split(' ').length).toBeGreaterThan(5)
  })

  // The older one refuses events that it does not know, and takes a repeated state at its word.
  it.each([
    ['today', OpenAI],
    ['6.45', OldOpenAI as unknown as typeof OpenAI],
  ])('puts a stream together by itself, heartbeats and all: %s', async (_version, Client) => {
    const { baseURL } = clientOf(relay)
    const { responses } = new Client({ apiKey: 'none', baseURL, maxRetries: 0 })
    const runner = responses.stream({ model, input: 'Go.', ...scripted(slow) })
    const response = await runner.finalResponse()
    expect(response.output_text).toBe('toktok')
    expect(response.status).toBe('completed')
  })

  it('puts reasoning and parallel calls together by itself', async () => {
    const runner = clientOf(relay).responses.stream({
      model,
      input: 'Go.',
      ...scripted(agent({ messages: [] })),
    })
    const { output, output_text } = await runner.finalResponse()
    expect(output_text).toBe('One moment.')
    expect(output).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Let me see.' }] },
      { type: 'message' },
      { type: 'function_call', name: 'weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call', name: 'weather', arguments: '{"city":"Rome"}' },
    ])
  })

  it('parses what has to be of a form', async () => {
    const Place = z.object({ city: z.string(), degrees: z.number() })
    const asked = {
      model,
      input: 'Where?',
      text: { format: zodTextFormat(Place, 'place') },
      ...scripted({ persona: 'vllm', words: ['{"city":', '"Paris",', '"degrees":', '21}'] }),
    }
    const place = { city: 'Paris', degrees: 21 }
    expect((await clientOf(relay).responses.parse(asked)).output_parsed).toEqual(place)
    const runner = clientOf(relay).responses.stream(asked)
    expect((await runner.finalResponse()).output_parsed).toEqual(place)
    const { body } = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes('json_schema'),
    )
    expect(body).toMatchObject({
      response_format: { json_schema: { name: 'place', strict: true } },
    })
  })

  it('goes on from a response, and forgets one', async () => {
    const client = clientOf(relay)
    const first = await client.responses.create({ model, input: 'One.' })
    const input = { model, input: 'Two.', previous_response_id: first.id }
    const second = await client.responses.create(input)
    expect((await client.responses.retrieve(first.id)).output).toEqual(first.output)
    const items = await client.responses.inputItems.list(second.id, { order: 'asc' })
    expect(items.data.map((item) => item.type)).toEqual(['message', 'message', 'message'])
    await client.responses.delete(first.id)
    await expect(client.responses.retrieve(first.id)).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.responses.create(input)).rejects.toBeInstanceOf(BadRequestError)
    await expect(client.responses.cancel(second.id)).rejects.toBeInstanceOf(BadRequestError)
  })

  it('raises what is refused, by its status and field', async () => {
    const client = clientOf(relay)
    const tool_choice = { type: 'web_search_preview' } as const
    const asked = client.responses.create({ model, input: 'Go.', tool_choice })
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'tool_choice.type' })
    const late = client.responses.create({
      model,
      input: 'Go.',
      stream: true,
      ...scripted({ persona: 'vllm', error: 'context_length' }),
    })
    await expect(late).rejects.toMatchObject({ status: 400 })
  })

  it('raises an error inside a stream, after what came before it', async () => {
    const asked = { model, input: 'Go.', ...scripted(broken) }
    const stream = await clientOf(relay).responses.create({ ...asked, stream: true })
    let said = ''
    const read = async () => {
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') said += event.delta
      }
    }
    await expect(read()).rejects.toThrow(/CUDA out of memory/)
    expect(said).toBe('Half a thought')
    const helper = clientOf(relay).responses.stream(asked).finalResponse()
    await expect(helper).rejects.toBeInstanceOf(APIError)
  })

  it('leaves a stream by break, and the upstream stops', async () => {
    const script = pace(2_000, 20)
    const stream = await clientOf(relay).responses.create({
      model,
      input: 'Leave.',
      stream: true,
      ...scripted(script),
    })
    const request = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes('Leave.'),
    )
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await request.closedWithin(1_500)
  })
}

function openaiAgent(relay: Relay): void {
  const asked = { model, input: 'How warm?', tools: [cityTool, addTool] }

  it('runs an agent by previous_response_id', async () => {
    relay.upstream.script = agent
    const { responses } = clientOf(relay)
    let response = await responses.create(asked)
    let turns = 1
    for (; response.output.some(({ type }) => type === 'function_call'); turns++) {
      const input = response.output.flatMap((item): ResponseInputItem[] =>
        item.type === 'function_call' ? [outputOf(item)] : [],
      )
      response = await responses.create({ ...asked, input, previous_response_id: response.id })
    }
    expect(response.output_text).toBe('Together 48.')
    expect(turns).toBe(3)
  })

  it('runs an agent that sends everything again, streaming', async () => {
    relay.upstream.script = agent
    const { responses } = clientOf(relay)
    const input: ResponseInputItem[] = [{ role: 'user', content: 'How warm?' }]
    let text = ''
    for (let turn = 0; turn < 3; turn++) {
      const runner = responses.stream({ ...asked, input, store: false })
      const response = await runner.finalResponse()
      for (const item of response.output) {
        const { parsed_arguments: _, ...plain } = item as { parsed_arguments?: unknown }
        input.push(plain as ResponseInputItem)
      }
      for (const item of response.output) {
        if (item.type === 'function_call') input.push(outputOf(item))
      }
      text = response.output_text
    }
    expect(text).toBe('Together 48.')
    // What it thought before a call goes back with the call.
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    expect(last.messages[1]).toMatchObject({
      role: 'assistant',
      content: 'One moment.',
      reasoning_content: 'Let me see.',
      tool_calls: [{ type: 'function' }, { type: 'function' }],
    })
  })
}

function outputOf(call: { call_id: string; name: string; arguments: string }) {
  const output = run(call.name, call.arguments)
  return { type: 'function_call_output' as const, call_id: call.call_id, output }
}

function openaiBackground(relay: Relay): void {
  it('polls a response until it is complete', async () => {
    const { responses } = clientOf(relay)
    const asked = { model, input: 'Go.', background: true, ...scripted(slow) }
    let response = await responses.create(asked)
    expect(response.status).toBe('queued')
    while (response.status === 'queued' || response.status === 'in_progress') {
      await new Promise((resolve) => setTimeout(resolve, 50))
      response = await responses.retrieve(response.id)
    }
    expect(response.status).toBe('completed')
    expect(response.output_text).toBe('toktok')
  })

  it('picks a stream up where it left it', async () => {
    const { responses } = clientOf(relay)
    const asked = { model, input: 'Go.', background: true, ...scripted(pace(20, 20)) }
    const stream = await responses.create({ ...asked, stream: true })
    const numbers: number[] = []
    let id = ''
    let said = ''
    const hear = (event: ResponseStreamEvent) => {
      numbers.push(event.sequence_number)
      if (event.type === 'response.created') id = event.response.id
      if (event.type === 'response.output_text.delta') said += event.delta
    }
    for await (const event of stream) {
      hear(event)
      if (said.length > 9) break
    }
    const rest = await responses.retrieve(id, {
      stream: true,
      starting_after: numbers.at(-1) as number,
    })
    for await (const event of rest) hear(event)
    expect(said).toBe('tok'.repeat(20))
    expect(numbers).toEqual(numbers.map((_, at) => at))
    const replay = responses.stream({ response_id: id })
    expect((await replay.finalResponse()).output_text).toBe(said)
  })

  it('cancels one, and the upstream stops', async () => {
    const { responses } = clientOf(relay)
    const input = 'Cancel me.'
    const asked = { model, input, background: true, ...scripted(pace(2_000, 20)) }
    const { id } = await responses.create(asked)
    const request = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes(input),
    )
    expect((await responses.cancel(id)).status).toBe('cancelled')
    await request.closedWithin(1_500)
  })
}

function aiSdk(relay: Relay): void {
  /** The SDK sends no fields that it does not know; its fetch may. */
  const provider = (script?: Scripted) =>
    createOpenAI({
      baseURL: relay.server.base,
      apiKey: 'none',
      fetch: ((url: string, init: RequestInit) => {
        const body = { ...JSON.parse(String(init.body)), ...(script && { script }) }
        return fetch(url, { ...init, body: JSON.stringify(body) })
      }) as typeof fetch,
    })
  const tools = {
    weather: tool({
      inputSchema: jsonSchema<{ city: string }>(cityTool.parameters as never),
      execute: async (input) => run('weather', JSON.stringify(input)),
    }),
    add: tool({
      inputSchema: jsonSchema<{ a: number; b: number }>(addTool.parameters as never),
      execute: async (input) => run('add', JSON.stringify(input)),
    }),
  }

  it.each(['static', model])('streams from %s', async (name) => {
    const result = streamText({ model: provider()(name), prompt: 'Go.', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of result.textStream) parts.push(part)
    expect(parts.length).toBeGreaterThan(5)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(5)
  })

  it('streams a quiet engine, heartbeats and all', async () => {
    const result = streamText({ model: provider(slow)(model), prompt: 'Go.', maxRetries: 0 })
    expect(await result.text).toBe('toktok')
    expect(await result.warnings).toEqual([])
  })

  it.each(['static', model])('gets a whole answer from %s', async (name) => {
    const result = await generateText({ model: provider()(name), prompt: 'Go.', maxRetries: 0 })
    expect(result.text.split(' ').length).toBeGreaterThan(5)
    expect(result.finishReason).toBe('stop')
  })

  it('shows what a model thinks where a summary is asked for', async () => {
    const script = agent({ messages: [] })
    const providerOptions = {
      openai: { reasoningSummary: 'auto', forceReasoning: true },
    }
    const result = streamText({ model: provider(script)(model), prompt: 'Go.', providerOptions })
    expect(await result.reasoningText).toBe('Let me see.')
  })

  it('gives an object of a form', async () => {
    const { object } = await generateObject({
      model: provider({ persona: 'vllm', words: ['{"city":', '"Paris"}'] })(model),
      prompt: 'Where?',
      schema: z.object({ city: z.string() }),
      maxRetries: 0,
    })
    expect(object).toEqual({ city: 'Paris' })
  })

  it('runs an agent, streaming', async () => {
    relay.upstream.script = agent
    const result = streamText({
      model: provider()(model),
      prompt: 'How warm?',
      tools,
      stopWhen: stepCountIs(5),
      maxRetries: 0,
    })
    expect(await result.text).toBe('Together 48.')
    expect(await result.steps).toHaveLength(3)
  })

  it('runs an agent that keeps nothing at the server', async () => {
    relay.upstream.script = agent
    const result = await generateText({
      model: provider()(model),
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

  it('tells of an error inside a stream', async () => {
    const errors: unknown[] = []
    const result = streamText({
      model: provider(broken)(model),
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

function langChain(relay: Relay): void {
  const chat = (script?: Scripted) =>
    new ChatOpenAI({
      model,
      apiKey: 'none',
      configuration: { baseURL: relay.server.base },
      useResponsesApi: true,
      maxRetries: 0,
      ...(script && { modelKwargs: { script } }),
    })

  it('gets a whole answer, and streams one', async () => {
    const words: Scripted = { persona: 'vllm', words: ['It', 'is', 'so.'] }
    const whole = await chat(words).invoke('Go.')
    expect(whole.text).toBe('It is so.')
    expect(whole.usage_metadata?.output_tokens).toBeGreaterThan(0)
    let said = ''
    for await (const chunk of await chat(words).stream('Go.')) said += chunk.text
    expect(said).toBe('It is so.')
    let late = ''
    for await (const chunk of await chat(slow).stream('Go.')) late += chunk.text
    expect(late).toBe('toktok')
  })

  it('runs an agent', async () => {
    relay.upstream.script = agent
    const bound = chat().bindTools([cityTool, addTool])
    const messages: unknown[] = [{ role: 'user', content: 'How warm?' }]
    let text = ''
    for (let turn = 0; turn < 3; turn++) {
      const message = await bound.invoke(messages as never)
      messages.push(message)
      for (const call of message.tool_calls ?? []) {
        const content = run(call.name, JSON.stringify(call.args))
        messages.push({ role: 'tool', tool_call_id: call.id, content })
      }
      text = message.text
    }
    expect(text).toBe('Together 48.')
  })

  it('raises an error inside a stream', async () => {
    const read = async () => {
      for await (const _ of await chat(broken).stream('Go.'));
    }
    await expect(read()).rejects.toThrow(/CUDA/)
  })
}
