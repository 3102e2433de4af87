import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { errorOf, logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { postResponses } from '../support/responses.ts'
import type { HostName } from '../support/server.ts'
import type { Facts } from '../support/server-facts.ts'
import { natively } from './responses-compact-native.ts'
import {
  type Compaction,
  type Fields,
  input,
  postTo as post,
  script,
  user,
} from './responses-compacting.ts'

function clientOf(base: string): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: base, maxRetries: 0 })
}

/** `POST /v1/responses/compact` and `POST /v1/responses/input_tokens`. */
export function responsesCompact(host: HostName): void {
  const upstream = { persona: 'vllm', counts: 'vllm' } as const
  const relay = useRelay(host, { upstream })
  describe('a conversation is compacted', () => summaries(host, relay))
  describe('a conversation is compacted by its upstream', () => natively(host))
  describe('the input of a response is counted', () => counts(host, relay))
}

function summaries(host: HostName, relay: Relay): void {
  const compact = async (body: object): Promise<Compaction> => {
    const response = await post(relay.server.base, 'compact', body)
    expect(response.status).toBe(200)
    return (await response.json()) as Compaction
  }

  it('by a summary of its model, beside the words of the user and the developer', async () => {
    const body = tag({ script, input, instructions: 'You are kind.' })
    const { output, ...rest } = await compact(body)
    expect(rest).toEqual({
      id: expect.stringMatching(/^resp_\w+$/),
      object: 'response.compaction',
      created_at: expect.any(Number),
      usage: expect.objectContaining({ input_tokens: 9, output_tokens: 3, total_tokens: 12 }),
    })
    const text = (said: string) => [{ type: 'input_text', text: said }]
    expect(output).toMatchObject([
      { type: 'message', role: 'developer', content: text('Be brief.') },
      { type: 'message', role: 'user', status: 'completed', content: text('Fix the bug.') },
      { type: 'message', role: 'user', status: 'completed', content: text('And the test?') },
      { type: 'compaction', encrypted_content: expect.any(String), id: expect.any(String) },
    ])
    const [sent] = sentFor(relay, body).map(({ body }) => body as { messages: Fields[] })
    expect(sent?.messages[0]?.content).toContain('You are kind.')
    expect(`${sent?.messages.at(-1)?.content}`).toMatch(/And the test\?[\s\S]*Summarize/)
  })

  it('so that later requests go on from it, through a stored response too', async () => {
    const { output } = await compact({ script, input })
    const body = tag({ script, input: [...output, user('Go on.')], stream: false })
    const response = await postResponses(relay.server.base, body)
    const { id } = (await response.json()) as { id: string }
    const [sent] = sentFor(relay, body).map(({ body }) => body as { messages: Fields[] })
    expect(JSON.stringify(sent?.messages)).toContain('All is well.')
    expect(JSON.stringify(sent?.messages)).not.toContain('sluice:')
    const again = await compact({ script, input: [], previous_response_id: id })
    expect(again.output.map(({ type }) => type)).toEqual([
      ...['message', 'message', 'message', 'message', 'compaction'],
    ])
  })

  it('by the openai SDK', async () => {
    const asked = { model: 'm', input: 'Go.', script }
    const { output, object } = await clientOf(relay.server.base).responses.compact(asked)
    expect(object).toBe('response.compaction')
    expect(output.map(({ type }) => type)).toEqual(['message', 'compaction'])
    const next = { model: 'm', input: [...output, user('Go on.')], script } as never
    const response = await clientOf(relay.server.base).responses.create(next)
    expect(response.output_text).toBe('All is well.')
  })

  it('as text, whatever its own answers have to be', async () => {
    const format = { type: 'json_schema', name: 'x', schema: { type: 'object' }, strict: true }
    const body = tag({
      ...{ script, tool_choice: 'required', text: { format }, top_logprobs: 2 },
      tools: [{ type: 'function', name: 'run', parameters: { type: 'object' } }],
      input: [
        { role: 'system', content: 'Be kind.' },
        user('Go.'),
        { type: 'function_call', call_id: 'c1', name: 'run', arguments: '{}' },
      ],
    })
    const { output } = await compact(body)
    expect(output.map(({ role }) => role)).toEqual(['system', 'user', undefined])
    const [sent] = sentFor(relay, body).map(({ body }) => body as { messages: Fields[] })
    for (const field of ['tools', 'tool_choice', 'response_format', 'logprobs', 'top_logprobs'])
      expect(sent).not.toHaveProperty(field)
    // A call that waits for its result gets one before the request for the summary.
    expect(sent?.messages.map(({ role }) => role)).toEqual([
      ...['system', 'user', 'assistant', 'tool', 'user'],
    ])
    expect(sent?.messages[3]).toMatchObject({ tool_call_id: 'c1' })
  })

  it('once, where the conversation ends with a trigger already', async () => {
    const body = tag({ script, input: [user('Go.'), { type: 'compaction_trigger' }] })
    expect((await compact(body)).output).toHaveLength(2)
    const [sent] = sentFor(relay, body).map(({ body }) => body as { messages: Fields[] })
    expect(JSON.stringify(sent?.messages).match(/Summarize/g)).toHaveLength(1)
  })

  it.each<[string, object, number, string]>([
    ['cut short', { ...script, finish: 'length' }, 502, 'compaction_incomplete'],
    ['empty', { ...script, words: [''] }, 502, 'engine_invalid'],
    ['refused', { ...script, error: 'context_length' }, 400, 'context_length_exceeded'],
  ])('or is not: a summary that is %s', async (_how, asked, status, code) => {
    const response = await post(relay.server.base, 'compact', { script: asked, input })
    expect(response.status).toBe(status)
    expect(await errorOf(response)).toMatchObject(status === 502 ? { code } : {})
  })

  it.each<[string, object]>([
    ['stream', { input, stream: true }],
    ['background', { input, background: true }],
    ['input', {}],
    ['conversation', { input, conversation: 'conv_1' }],
    [
      'input[1].encrypted_content',
      { input: [user('Go.'), { type: 'compaction', encrypted_content: 'gAAA' }] },
    ],
  ])('or refused: %s', async (param, body) => {
    const response = await post(relay.server.base, 'compact', { script, ...body })
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ param })
  })

  it('until the client leaves', needs(host, 'hangups'), async () => {
    const control = new AbortController()
    const body = tag({ input, script: { steps: [{ hang: true }] } })
    const asking = post(relay.server.base, 'compact', body, { signal: control.signal })
    const sent = await nextFor(relay, body)
    control.abort()
    await expect(asking).rejects.toThrow()
    await sent.closedWithin(2_000)
  })

  it('in one line of the log', async () => {
    const response = await post(relay.server.base, 'compact', { script, input })
    await response.text()
    expect(await logOf(relay.server, response)).toMatchObject({
      ...{ path: '/v1/responses/compact', outcome: 'ok', engine: 'gpu', tokens: 3 },
    })
  })

  it('by POST alone', async () => {
    const response = await fetch(`${relay.server.base}/responses/compact`)
    expect(response.status).toBe(404)
  })
}

function counts(host: HostName, relay: Relay): void {
  it('by the upstream’s tokenizer, with all that comes before', async () => {
    const first = await postResponses(relay.server.base, { script, input: 'one', stream: false })
    const { id } = (await first.json()) as { id: string }
    const count = async (body: object) => {
      const response = await post(relay.server.base, 'input_tokens', body)
      expect(response.status).toBe(200)
      return (await response.json()) as { object: string; input_tokens: number }
    }
    const alone = await count({ input: 'two three' })
    expect(alone).toEqual({ object: 'response.input_tokens', input_tokens: expect.any(Number) })
    const whole = await count({ input: 'two three', previous_response_id: id })
    expect(whole.input_tokens).toBeGreaterThan(alone.input_tokens)
    const { body } = relay.upstream.requests.findLast(({ path }) => path === '/tokenize') ?? {}
    const { messages } = body as { messages: Fields[] }
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  })

  it('by the openai SDK, and by an engine here', async () => {
    const { inputTokens } = clientOf(relay.server.base).responses
    expect(await inputTokens.count({ model: 'm', input: 'one two' })).toMatchObject({
      object: 'response.input_tokens',
    })
    const { input_tokens } = await inputTokens.count({ model: 'static', input: 'one two three' })
    expect(input_tokens).toBe(3)
  })

  it('or refused by a field', async () => {
    const response = await post(relay.server.base, 'input_tokens', { input: 7 })
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ param: 'input' })
  })

  describe('by nobody', () => {
    const mute = useRelay(host, { upstream: { persona: 'ollama' } })
    it('where no engine can: nothing is estimated', async () => {
      const response = await post(mute.server.base, 'input_tokens', {
        model: 'qwen3:8b',
        input: 'Hi',
      })
      expect(response.status).toBe(501)
      expect(response.headers.get('x-should-retry')).toBe('false')
      expect(await errorOf(response)).toMatchObject({ code: 'not_supported' })
    })
  })

  describe('by an upstream with the API', () => {
    const facts: Facts = ({ path, body }) => {
      const isCount = path === '/v1/responses/input_tokens' && !('stream' in (body as object))
      return isCount ? { body: { object: 'response.input_tokens', input_tokens: 42 } } : undefined
    }
    const able = useRelay(host, { upstream: { facts } })
    it('in the words of the API', async () => {
      const response = await post(able.server.base, 'input_tokens', { input: 'Hi', stream: true })
      expect(await response.json()).toEqual({ object: 'response.input_tokens', input_tokens: 42 })
    })
  })
}
