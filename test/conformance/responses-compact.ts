import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { errorOf, logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { postResponses } from '../support/responses.ts'
import { usage } from '../support/responses-upstream.ts'
import type { HostName } from '../support/server.ts'
import { useServerWith } from '../support/server.ts'
import type { Facts } from '../support/server-facts.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

type Fields = Record<string, unknown>

const script = { persona: 'vllm', words: ['All', 'is', 'well.'] }

const user = (text: string) => ({ role: 'user', content: text })
const input = [
  { role: 'developer', content: 'Be brief.' },
  user('Fix the bug.'),
  { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
  { type: 'function_call', call_id: 'c1', name: 'run', arguments: '{}' },
  { type: 'function_call_output', call_id: 'c1', output: 'fixed' },
  { role: 'assistant', content: 'Done.' },
  user('And the test?'),
]

interface Compaction {
  id: string
  object: string
  created_at: number
  output: Fields[]
  usage: Fields
}

function post(root: string, path: string, body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(`${root}/responses/${path}`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'm', ...body }),
  })
}

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

  it('by a summary of its model, beside the words of the user', async () => {
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
      ...['message', 'message', 'message', 'compaction'],
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

const COMPACTED = {
  id: 'resp_theirs',
  object: 'response.compaction',
  created_at: 1_790_000_000,
  output: [{ type: 'compaction', id: 'cmp_theirs', encrypted_content: 'gAAAA' }],
  usage,
}

/** Upstreams with the Responses API: one that compacts, one that does not, one that answers nonsense. */
function natively(host: HostName): void {
  const upstreams: Record<string, Upstream> = {}
  const server = useServerWith(host, async () => {
    const answers: Record<string, Facts> = {
      able: () => ({ body: COMPACTED }),
      lacking: () => undefined,
      odd: () => ({ body: { object: 'response', output: [] } }),
      full: () => ({ status: 400, body: { error: { message: 'Too long.', code: 'too_long' } } }),
    }
    const upstream = []
    for (const [label, answer] of Object.entries(answers)) {
      const facts: Facts = (asked) =>
        asked.path === '/v1/responses/compact' ? answer(asked) : undefined
      const models = [{ id: label, object: 'model', created: 1, owned_by: 'me' } as const]
      const started = await startUpstream({ models, facts, script: script as never })
      upstreams[label] = started
      upstream.push({ label, url: started.url, nativeApis: ['responses'] })
    }
    return { flags: [], env: { SLUICE_CONFIG: JSON.stringify({ upstream }) } }
  })
  afterAll(() => Promise.all(Object.values(upstreams).map((each) => each.close())))

  it('which gets the whole conversation, and whose answer is passed on', async () => {
    const asked = [...input, { type: 'compaction_trigger' }]
    const body = { model: 'able', input: asked, store: true }
    const response = await post(server.base, 'compact', body)
    expect(await response.json()).toEqual(COMPACTED)
    const sent = upstreams.able?.requests.find(({ path }) => path === '/v1/responses/compact')
    const { input: told, ...fields } = (sent?.body ?? {}) as { input: Fields[] }
    expect(fields).toEqual({ model: 'able' })
    expect(told.map(({ type }) => type)).toEqual([
      ...['message', 'message', 'reasoning', 'function_call', 'function_call_output'],
      ...['message', 'message'],
    ])
    expect(await logOf(server, response)).toMatchObject({ engine: 'able', outcome: 'ok' })
  })

  it('or by a summary, where that has no such path', async () => {
    const response = await post(server.base, 'compact', { model: 'lacking', input })
    const { output } = (await response.json()) as Compaction
    expect(output.at(-1)).toMatchObject({ type: 'compaction' })
    expect(output).toHaveLength(3)
  })

  it('or fails, where that answers something else or refuses', async () => {
    const odd = await post(server.base, 'compact', { model: 'odd', input })
    expect(odd.status).toBe(502)
    expect(await errorOf(odd)).toMatchObject({ code: 'upstream_invalid' })
    const full = await post(server.base, 'compact', { model: 'full', input })
    expect(full.status).toBe(400)
    expect(await errorOf(full)).toMatchObject({ code: 'too_long' })
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
