import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic, { BadRequestError, InternalServerError, NotFoundError } from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { APICallError, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { describe, expect, it } from 'vitest'
import {
  AGENT_ANSWER,
  citySchema,
  pairSchema,
  subtract,
  weather,
  weatherAgent,
} from '../support/agent.ts'
import { Message } from '../support/message-stream.ts'
import {
  ask,
  broken,
  endless,
  flags,
  hasBudget,
  model,
  rejection,
  staticText,
  upstreamText,
} from '../support/messages.ts'
import { nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'

/** A field that only the scripted upstream knows; it passes through sluice as any other. */
const scripted = (script: object) => ({ script }) as object

/** Anthropic's Messages API, told from chats, as its clients see it. */
export function messagesClients(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm', script: undefined, counts: 'vllm' },
    flags,
  })
  describe('the anthropic SDK', () => anthropicSdk(relay))
  describe('an agent', () => agents(host))
  describe('the ai SDK', () => aiSdk(relay))
}

function anthropicSdk(relay: Relay): void {
  const client = () => new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole message from %s', async (name, text) => {
    const { _request_id, ...message } = await client().messages.create({ model: name, ...ask })
    expect(Message.parse(message)).toMatchObject({ model: name, stop_reason: 'end_turn' })
    expect(message.content).toEqual([{ type: 'text', text, citations: null }])
    expect(message.usage.output_tokens).toBeGreaterThan(5)
    expect(_request_id).toMatch(/^[\w-]{8,}$/)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams events from %s', async (name, text) => {
    const stream = await client().messages.create({ model: name, ...ask, stream: true })
    let said = ''
    const types = new Set<string>()
    for await (const event of stream) {
      types.add(event.type)
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
        said += event.delta.text
      }
    }
    expect(said).toBe(text)
    expect([...types]).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('puts a stream together by its helper: thoughts, words, calls and counts', async () => {
    const toolCalls = [
      { name: 'weather', arguments: ['{"city"', ':"Paris"', '}'] },
      { name: 'weather', arguments: ['{"city":', '"Rome"}'] },
    ]
    const script = { persona: 'vllm', reasoning: ['Hm.'], words: ['Well.'], toolCalls }
    const stream = client().messages.stream({ model, ...ask, ...scripted(script) })
    const heard: string[] = []
    stream.on('thinking', (delta) => heard.push(delta)).on('text', (delta) => heard.push(delta))
    const message = await stream.finalMessage()
    expect(heard).toEqual(['Hm.', 'Well.'])
    expect(message.stop_reason).toBe('tool_use')
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'text', text: 'Well.' },
      { type: 'tool_use', name: 'weather', input: { city: 'Paris' } },
      { type: 'tool_use', name: 'weather', input: { city: 'Rome' } },
    ])
    expect(message.usage).toMatchObject({ input_tokens: 9, output_tokens: 7 })
  })

  it('parses structured output', async () => {
    const body = tag({ script: { persona: 'vllm', words: ['{"city":"Paris"}'] } })
    const message = await client().messages.parse({
      model,
      ...ask,
      output_config: { format: { type: 'json_schema', schema: citySchema } },
      ...body,
    })
    expect(
      JSON.parse(message.content.map((each) => ('text' in each ? each.text : '')).join('')),
    ).toEqual({
      city: 'Paris',
    })
    const sent = await nextFor(relay, body)
    expect(sent.body).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { schema: citySchema, strict: true } },
    })
  })

  it('lists the models a page at a time, and finds one', async () => {
    const ids: string[] = []
    for await (const { id, type } of client().models.list({ limit: 1 })) {
      expect(type).toBe('model')
      ids.push(id)
    }
    expect(ids).toEqual([model, 'static'])
    const page = await client().models.list({ before_id: 'static' })
    expect(page).toMatchObject({ first_id: model, last_id: model, has_more: false })
    expect(await client().models.retrieve(model)).toMatchObject({
      id: model,
      display_name: model,
      created_at: new Date(1_790_000_000_000).toISOString(),
      max_input_tokens: 40_960,
    })
    await expect(client().models.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError)
    const wrong = client().models.list({ limit: 0 })
    await expect(wrong).rejects.toBeInstanceOf(BadRequestError)
  })

  it('raises errors by their classes, with type, message and request id', async () => {
    const bad = await rejection(
      client().messages.create({ ...ask, model: 'static', ...({ temperature: 9 } as object) }),
    )
    expect(bad).toBeInstanceOf(BadRequestError)
    const kind = { status: 400, type: 'invalid_request_error', errorCode: 'invalid_value' }
    expect(bad).toMatchObject(kind)
    expect((bad as BadRequestError).message).toContain('temperature: expected')
    expect((bad as BadRequestError).requestID).toMatch(/^[\w-]{8,}$/)
    const missing = { persona: 'vllm', error: 'model_not_found' }
    const none = await rejection(
      client().messages.create({ model: 'nobody', ...ask, ...scripted(missing) }),
    )
    expect(none).toBeInstanceOf(NotFoundError)
    expect(none).toMatchObject({ type: 'not_found_error' })
    const page = { headers: { 'content-type': 'text/html' }, steps: [{ send: '<html></html>' }] }
    const odd = await rejection(client().messages.create({ model, ...ask, ...scripted(page) }))
    expect(odd).toBeInstanceOf(InternalServerError)
    expect(odd).toMatchObject({ status: 502, type: 'api_error' })
  })

  it('raises an error inside a stream, after what came before it', async () => {
    const stream = client().messages.stream({ model, ...ask, ...scripted(broken) })
    let said = ''
    stream.on('text', (delta) => {
      said += delta
    })
    const error = await rejection(stream.finalMessage())
    expect(said).toBe('Half a thought')
    expect(String(error)).toContain('CUDA out of memory')
    expect(error).toMatchObject({ type: 'api_error' })
  })

  it('hangs up in the middle of a stream, and the upstream stops', async () => {
    const body = tag(scripted(endless))
    const stream = await client().messages.create({ model, ...ask, ...body, stream: true })
    const request = await nextFor(relay, body)
    let count = 0
    for await (const _ of stream) if (++count === 5) break
    await request.closedWithin(1_500)
    const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
    expect(entry).toMatchObject({ path: '/v1/messages', engine: 'gpu' })
  })
}

function agents(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm', script: weatherAgent } })
  const client = () => new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
  const tools = [
    betaTool({ name: 'weather', description: 'Now.', inputSchema: citySchema, run: weather }),
    betaTool({ name: 'subtract', description: 'b - a', inputSchema: pairSchema, run: subtract }),
  ]
  const question = { role: 'user' as const, content: 'How much warmer is Rome than Paris?' }

  it.each([false, true])('of the SDK runs its tools to the end, streamed: %s', async (stream) => {
    const runner = client().beta.messages.toolRunner({
      model,
      max_tokens: 99,
      messages: [question],
      tools,
      stream,
    })
    const message = await runner.runUntilDone()
    expect(message.content.at(-1)).toMatchObject({ type: 'text', text: AGENT_ANSWER })
    expect(message.stop_reason).toBe('end_turn')
    // Two calls, one more, and the answer: each turn repeats those before it.
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    expect(last.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', reasoning_content: 'Let me see.', tool_calls: [{}, {}] },
      { role: 'tool', content: '14 degrees' },
      { role: 'tool', content: '21 degrees' },
      { role: 'assistant', tool_calls: [{ function: { name: 'subtract' } }] },
      { role: 'tool', content: '7' },
    ])
  })

  it('written by hand goes on from one message to the next', async () => {
    const turns: Anthropic.MessageParam[] = [question]
    const offered = [
      { name: 'weather', input_schema: citySchema },
      { name: 'subtract', input_schema: pairSchema },
    ] as unknown as Anthropic.Tool[]
    for (let turn = 0; turn < 3; turn++) {
      const asked = { model, max_tokens: 99, messages: turns, tools: offered }
      const message = await client().messages.stream(asked).finalMessage()
      turns.push({ role: 'assistant', content: message.content })
      if (message.stop_reason !== 'tool_use') break
      const calls = message.content.filter((block) => block.type === 'tool_use')
      const content = calls.map(({ id, name, input }) => ({
        type: 'tool_result' as const,
        tool_use_id: id,
        content: name === 'weather' ? weather(input as never) : subtract(input as never),
      }))
      turns.push({ role: 'user', content })
    }
    expect(turns.at(-1)?.content).toMatchObject([{ type: 'thinking' }, { text: AGENT_ANSWER }])
  })

  it.each(['whole', 'streamed'])('of the ai SDK comes to the same: %s', async (form) => {
    const provider = createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })
    const asked = {
      model: provider(model),
      prompt: question.content,
      maxRetries: 0,
      stopWhen: stepCountIs(5),
      tools: {
        weather: tool({ inputSchema: jsonSchema<{ city: string }>(citySchema), execute: weather }),
        subtract: tool({
          inputSchema: jsonSchema<{ a: number; b: number }>(pairSchema),
          execute: subtract,
        }),
      },
    }
    const text = form === 'whole' ? (await generateText(asked)).text : await streamText(asked).text
    expect(text).toBe(AGENT_ANSWER)
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    // What was thought came back as well: it has a signature, though an empty one.
    expect(last.messages[1]).toMatchObject({ reasoning_content: 'Let me see.' })
  })
}

function aiSdk(relay: Relay): void {
  const provider = () => createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams from %s', async (name, text) => {
    const result = streamText({ model: provider()(name), prompt: 'Go.', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of result.textStream) parts.push(part)
    expect(parts.length).toBeGreaterThan(5)
    expect(parts.join('')).toBe(text)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(5)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole answer from %s', async (name, expected) => {
    const asked = { model: provider()(name), prompt: 'Go.', maxRetries: 0 }
    const { text, finishReason, usage } = await generateText(asked)
    expect(text).toBe(expected)
    expect(finishReason).toBe('stop')
    expect(usage.outputTokens).toBeGreaterThan(5)
  })

  it('thinks where it is told to', async () => {
    const body = { persona: 'vllm', reasoning: ['Hm.'], words: ['Well.'] }
    relay.upstream.script = body as never
    const result = streamText({
      model: provider()(model),
      prompt: 'Go.',
      maxRetries: 0,
      providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1_024 } } },
    })
    expect(await result.reasoningText).toBe('Hm.')
    expect(await result.text).toBe('Well.')
    relay.upstream.script = undefined
    const asked = await relay.upstream.next(({ body }) => hasBudget(body))
    expect(asked.body).toMatchObject({ chat_template_kwargs: { enable_thinking: true } })
  })

  it('raises an error with its status and message', async () => {
    const asked = generateText({
      model: provider()('nobody'),
      prompt: 'Go.',
      maxRetries: 0,
    })
    const error = await rejection(asked)
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 404 })
    expect((error as APICallError).message).toContain('nobody')
  })
}
