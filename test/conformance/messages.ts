import { createHash } from 'node:crypto'
import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic, {
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from '@anthropic-ai/sdk'
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
import { Message, readMessages } from '../support/message-stream.ts'
import { logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import { type HostName, type Server, useServer } from '../support/server.ts'

const model = 'Qwen/Qwen3-8B'
const staticText = 'Water finds its way word by word, and every stream reaches its end.'
const upstreamText = 'The quick brown fox jumps over the lazy dog.'
const ask = { max_tokens: 99, messages: [{ role: 'user' as const, content: 'Go.' }] }

/** Two tokens, then an error in the middle of the stream. */
const broken: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'Half ' }) },
    { chunk: chunkOf({ content: 'a thought' }) },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A token every 50 ms for far longer than a test takes. */
const endless: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'On' }) },
    { repeat: 1_000, steps: [{ wait: 50 }, { chunk: chunkOf({ content: ' and on' }) }] },
  ],
}

function chunkOf(delta: object): object {
  const choices = [{ index: 0, delta, finish_reason: null }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices }
}

const post = (server: Server, body: object, headers: Record<string, string> = {}) =>
  fetch(`${server.base}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify({ model, ...ask, ...body }),
  })

/** A field that only the scripted upstream knows; it passes through sluice as any other. */
const scripted = (script: object) => ({ script }) as object

/** Anthropic's Messages API, told from chats. */
export function messages(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm', script: undefined, counts: 'vllm' },
    flags: ['--static-delay', '0', '--heartbeat', '200', '--first-token-timeout', '900'],
  })
  describe('the anthropic SDK', () => anthropicSdk(relay))
  describe('an agent', () => agents(host))
  describe('the ai SDK', () => aiSdk(relay))
  describe('the stream', () => streams(relay))
  describe('a late engine', () => pings(host))
  describe('an upstream that does not know every field', () => wishes(host))
  describe('refusals', () => refusals(relay))
  describe('count_tokens', () => counting(host, relay))
  describe('with a key', () => withKeys(host))
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
      client().messages.create({ model, ...ask, ...({ temperature: 9 } as object) }),
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

function streams(relay: Relay): void {
  const read = (body: object) => readTagged(relay, body)

  it('obeys the API, event by event', async () => {
    const script = {
      persona: 'vllm',
      reasoning: ['Hm.', 'So.'],
      toolCalls: [
        { name: 'f', arguments: ['{"a"', ':1}'] },
        { name: 'g', arguments: ['{}'] },
      ],
    }
    const { response, read: it } = await read({ script })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'))
    expect(it).toMatchObject({ problems: [], outcome: 'finished', model })
    expect(it.blocks.map(({ type, json }) => json ?? type)).toEqual([
      'thinking',
      'text',
      '{"a":1}',
      '{}',
    ])
    expect(await logOf(relay.server, response)).toMatchObject({
      outcome: 'finished',
      tokens: 14,
      model,
    })
  })

  it('tells calls one by one whose pieces come in turns', async () => {
    const piece = (index: number, args: string, named = {}) => [
      {
        chunk: chunkOf({
          tool_calls: [{ index, ...named, function: { ...named, arguments: args } }],
        }),
      },
      { wait: 30 },
    ]
    const finish = { index: 0, delta: {}, finish_reason: 'tool_calls' }
    const script: Script = {
      steps: [
        ...piece(0, '{"a"', { id: 'x', name: 'f' }),
        ...piece(1, '{"b"', { id: 'y', name: 'g' }),
        ...piece(0, ':1}'),
        ...piece(1, ':2}'),
        { chunk: { ...chunkOf({}), choices: [finish] } },
        { send: 'data: [DONE]\n\n' },
      ],
    }
    const { read: it } = await read({ script })
    expect(it).toMatchObject({ problems: [], outcome: 'finished' })
    expect(it.blocks).toMatchObject([
      { id: 'x', name: 'f', json: '{"a":1}' },
      { id: 'y', name: 'g', json: '{"b":2}' },
    ])
  })

  it('fails by an error event where the upstream fails, and never looks finished', async () => {
    const { response, read: it } = await read({ script: broken })
    expect(it).toMatchObject({ problems: [], outcome: 'failed', text: 'Half a thought' })
    expect(it.error?.message).toContain('CUDA out of memory')
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed' })
    const cut = { steps: [{ chunk: chunkOf({ role: 'assistant', content: 'a' }) }, { cut: true }] }
    const truncated = await read({ script: cut })
    expect(truncated.read).toMatchObject({ problems: [], outcome: 'failed', text: 'a' })
  })

  it('fails where a deadline passes', async () => {
    const silent = { steps: [{ chunk: chunkOf({ role: 'assistant' }) }, { hang: true }] }
    const { read: it, tagged } = await read({ script: silent })
    expect(it).toMatchObject({ problems: [], outcome: 'failed', error: { type: 'timeout_error' } })
    const request = await nextFor(relay, tagged)
    await request.closedWithin(1_500)
  })

  it('says which stop sequence it was, where the engine does', async () => {
    const choice = { index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }
    const script: Script = {
      steps: [
        { chunk: chunkOf({ role: 'assistant', content: 'a' }) },
        { chunk: { ...chunkOf({}), choices: [choice] } },
        { send: 'data: [DONE]\n\n' },
      ],
    }
    const { read: it, tagged } = await read({ stop_sequences: ['END'], script })
    expect(it.stop).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' })
    expect((await nextFor(relay, tagged)).body).toMatchObject({ stop: ['END'], max_tokens: 99 })
  })
}

async function readTagged(relay: Relay, body: object) {
  const tagged = tag({ stream: true, ...body })
  const response = await post(relay.server, tagged)
  return { response, read: readMessages(await response.text()), tagged }
}

/** Servers that know less are asked for less. */
function wishes(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm' } })
  it('is asked again without it, and not for it again', async () => {
    const refuses = ['chat_template_kwargs', 'stream_options']
    const script = { persona: 'vllm', words: ['Hi.'], refuses }
    const thinking = { type: 'disabled' }
    const { read: it, tagged } = await readTagged(relay, { script, thinking })
    expect(it).toMatchObject({ problems: [], outcome: 'finished', text: 'Hi.' })
    const sent = sentFor(relay, tagged)
    expect(sent).toHaveLength(3)
    expect(sent.at(-1)?.body).not.toHaveProperty('reasoning_effort')
    // It remembers, and asks as the upstream has it.
    const again = await readTagged(relay, { script, thinking })
    expect(sentFor(relay, again.tagged)).toHaveLength(1)
    expect(again.read).toMatchObject({ outcome: 'finished', usage: [{}, { output_tokens: 0 }] })
  })
}

/** The SDKs have to bear pings before the message, as within. */
function pings(host: HostName): void {
  const relay = useRelay(host, { flags: ['--header-wait', '20', '--heartbeat', '100'] })
  const finish = { index: 0, delta: {}, finish_reason: 'stop' }
  const script: Script = {
    headersAfter: 600,
    steps: [
      { chunk: chunkOf({ role: 'assistant', content: 'a' }) },
      { wait: 600 },
      { chunk: { ...chunkOf({}), choices: [finish] } },
      { send: 'data: [DONE]\n\n' },
    ],
  }

  it('is waited for with pings, before its message and within', async () => {
    const response = await post(relay.server, { stream: true, script })
    const read = readMessages(await response.text())
    expect(read).toMatchObject({ problems: [], outcome: 'finished', text: 'a' })
    const before = read.events.findIndex(({ type }) => type === 'message_start')
    expect(before).toBeGreaterThan(0)
    expect(read.pings).toBeGreaterThan(before)
  })

  it('does not trouble the SDKs', async () => {
    relay.upstream.script = script
    const client = new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
    const message = await client.messages.stream({ model, ...ask }).finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: 'a' }])
    const provider = createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })
    const result = streamText({ model: provider(model), prompt: 'Go.', maxRetries: 0 })
    expect(await result.text).toBe('a')
  })

  it('may still fail, and says so', async () => {
    relay.upstream.script = { ...script, steps: [{ cut: true }] }
    const client = new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
    const error = await rejection(client.messages.stream({ model, ...ask }).finalMessage())
    expect(error).toMatchObject({ type: 'api_error' })
  })
}

function refusals(relay: Relay): void {
  const refused = async (response: Response, status: number, type: string) => {
    const text = await response.text()
    expect(response.status, text).toBe(status)
    const id = response.headers.get('request-id')
    expect(id).toMatch(/^[\w-]{8,}$/)
    const body = JSON.parse(text) as { error: { message: string } }
    expect(body).toEqual({
      type: 'error',
      error: {
        type,
        message: expect.stringMatching(/\S/),
        details: { error_code: expect.stringMatching(/\S/) },
      },
      request_id: id,
    })
    return body.error.message
  }
  const { server } = relay

  it.each<[string, object]>([
    ['max_tokens', { max_tokens: undefined }],
    ['messages', { messages: [] }],
    [
      'messages[0].content[0].source.type',
      {
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'x' } }] }],
      },
    ],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['tool_choice.type', { tool_choice: { type: 'sometimes' } }],
    ['thinking.type', { thinking: { type: 'hard' } }],
    ['stop_sequences', { stop_sequences: 'x' }],
    ['mcp_servers', { mcp_servers: [{}] }],
  ])('are in the shape of the API, and name the field: %s', async (field, body) => {
    const message = await refused(await post(server, body), 400, 'invalid_request_error')
    expect(message.startsWith(`${field}:`), message).toBe(true)
  })

  it('are so before the body is read, and for what is not there', async () => {
    const url = `${server.base}/messages`
    await refused(await fetch(url, { method: 'POST', body: 'x' }), 415, 'invalid_request_error')
    await refused(await fetch(url), 405, 'invalid_request_error')
    await refused(await fetch(`${url}/batches`), 404, 'not_found_error')
    await refused(await fetch(`${url}/count_tokens`), 405, 'invalid_request_error')
    const foreign = await post(server, {}, { origin: 'https://evil.example' })
    await refused(foreign, 403, 'permission_error')
    const models = await fetch(`${server.base}/models/nobody`, {
      headers: { 'anthropic-version': '2023-06-01' },
    })
    await refused(models, 404, 'not_found_error')
  })

  it('are those of other APIs elsewhere', async () => {
    const response = await fetch(`${server.base}/models/nobody`)
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found' } })
    expect(response.headers.get('request-id')).toBeNull()
  })
}

function counting(host: HostName, relay: Relay): void {
  const client = ({ url }: Server) => new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0 })

  it('asks the upstream for its tokenizer’s count', async () => {
    const system = 'Be brief.'
    const asked = { model, system, messages: ask.messages }
    const { input_tokens } = await client(relay.server).messages.countTokens(asked)
    // Its tokens are words: of the roles, the fields and the texts of two messages.
    expect(input_tokens).toBe(9)
    const { input_tokens: words } = await client(relay.server).messages.countTokens({
      ...asked,
      model: 'static',
    })
    expect(words).toBe(3)
  })

  describe('where there is none', () => {
    const bare = useRelay(host, { upstream: { persona: 'openai' } })

    it('is 501, never a guess', async () => {
      const counted = client(bare.server).messages.countTokens({
        model: 'gpt-4.1',
        messages: ask.messages,
      })
      await expect(counted).rejects.toMatchObject({ status: 501, type: 'api_error' })
    })
  })
}

function withKeys(host: HostName): void {
  const key = 'secret-key-of-ann'
  const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`
  const page = 'https://app.example'
  const server = useServer(host, ['--static-delay', '0', '--allow-origin', page], {
    SLUICE_KEYS: JSON.stringify([{ name: 'ann', hash }]),
  })

  it('is let in from a page, whose browser asks for leave to send the SDK’s headers', async () => {
    const named =
      'anthropic-beta,anthropic-dangerous-direct-browser-access,anthropic-version,content-type,x-api-key'
    const leave = await fetch(`${server.base}/messages`, {
      method: 'OPTIONS',
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': named,
      },
    })
    expect(leave.status).toBe(204)
    expect(leave.headers.get('access-control-allow-headers')).toBe(named)
    expect(leave.headers.get('access-control-allow-methods')).toContain('POST')
    const asked = { ...ask, model: 'static' }
    const answer = await post(server, asked, { origin: page, 'x-api-key': key })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(page)
    expect(answer.headers.get('access-control-expose-headers')).toContain(', request-id')
  })

  it('is let in by x-api-key, as the SDK sends it', async () => {
    const client = new Anthropic({ apiKey: key, baseURL: server.url, maxRetries: 0 })
    const { content } = await client.messages.create({ model: 'static', ...ask })
    expect(content).toMatchObject([{ text: staticText }])
    const stranger = new Anthropic({ apiKey: 'another', baseURL: server.url, maxRetries: 0 })
    const error = await rejection(stranger.messages.create({ model: 'static', ...ask }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ type: 'authentication_error' })
  })
}

function hasBudget(body: unknown): boolean {
  return JSON.stringify(body ?? '').includes('"thinking_budget_tokens"')
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}
