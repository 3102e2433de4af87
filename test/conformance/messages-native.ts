import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic, { APIError, BadRequestError } from '@anthropic-ai/sdk'
import { generateText, streamText } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMessages } from '../support/message-stream.ts'
import { messageEvents, messageStream, named, wholeMessage } from '../support/messages-upstream.ts'
import { type PoolUnderTest, startPool } from '../support/pool.ts'
import { logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import type { RecordedRequest, Upstream } from '../support/upstream.ts'

const ask = { model: 'm', max_tokens: 99, messages: [{ role: 'user' as const, content: 'Go.' }] }
const said = {
  thinking: ['Hm', '.'],
  text: ['Well', ', ', 'ж 🗝.'],
  calls: [
    { id: 'toolu_1', name: 'weather', input: ['{"city"', ':"Paris"}'] },
    { id: 'toolu_2', name: 'now', input: [] },
  ],
}
const events = messageEvents(said)
const bytes = events.map(named).join('')

const PING = 'event: ping\ndata: {"type":"ping"}\n\n'

const isNative = ({ path }: RecordedRequest) => path === '/v1/messages'

/** An upstream that speaks the Messages API itself: what it says is forwarded. */
export function nativeMessages(host: HostName): void {
  let pool: PoolUnderTest
  let upstream: Upstream
  beforeAll(async () => {
    const a = { counts: 'messages' as const }
    const each = { a: { nativeApis: ['messages'], rewrite: { small: 'm' } } }
    const flags = ['--heartbeat', '200', '--first-token-timeout', '900']
    pool = await startPool(host, { a }, { each, flags })
    upstream = pool.upstreams.a as Upstream
  })
  afterAll(async () => pool?.[Symbol.asyncDispose]())

  const client = () => new Anthropic({ apiKey: 'none', baseURL: pool.server.url, maxRetries: 0 })
  const post = (body: object, headers: Record<string, string> = {}) =>
    fetch(`${pool.server.base}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ...ask, ...body }),
    })
  const scripted = (script: Script) => ({ script }) as object
  const stream = async (script: Script) => {
    const response = await post({ stream: true, script })
    const raw = await response.text()
    return {
      response,
      raw,
      read: readMessages(raw, true),
      entry: await logOf(pool.server, response),
    }
  }

  it('is forwarded as the same bytes', async () => {
    const { response, raw, read, entry } = await stream(messageStream(events))
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(raw).toBe(bytes)
    expect(read).toMatchObject({ problems: [], outcome: 'finished' })
    expect(entry).toMatchObject({ outcome: 'finished', engine: 'a', model: 'm', tokens: 7 })
    expect(entry.repaired).toBeUndefined()
    expect(entry.firstTokenMs).toBeGreaterThan(0)
  })

  it('is so however its packets are cut', async () => {
    const { raw } = await stream({ steps: [{ split: 7, text: bytes, pause: 0 }] })
    // On a busy machine so many packets take longer than a heartbeat.
    expect(raw.replaceAll(PING, '')).toBe(bytes)
  })

  it('gets the request as the client sent it', async () => {
    const body = {
      model: 'small',
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      system: [{ type: 'text', text: 'A.', cache_control: { type: 'ephemeral' } }],
      odd: { nested: [1, null, 'ж'] },
      script: wholeMessage(said),
    }
    const beta = { 'anthropic-beta': 'x-2026-01-01', 'anthropic-version': '2023-06-01' }
    const response = await post(body, beta)
    const whole = await response.text()
    expect(whole).toBe((wholeMessage(said).steps[0] as { send: string }).send)
    const sent = await upstream.next(
      (request) => isNative(request) && 'odd' in (request.body as object),
    )
    expect(sent.body).toEqual({ ...ask, ...body, model: 'm' })
    expect(sent.headers).toMatchObject(beta)
    expect(sent.headers['x-api-key']).toBeUndefined()
    expect(await logOf(pool.server, response)).toMatchObject({ outcome: 'ok', tokens: 7 })
  })

  it('works in the SDK and in the ai SDK, streamed and not', async () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Well, ж 🗝.' },
      { type: 'tool_use', id: 'toolu_1', input: { city: 'Paris' } },
      { type: 'tool_use', id: 'toolu_2', input: {} },
    ]
    const streamed = client().messages.stream({ ...ask, ...scripted(messageStream(events)) })
    expect(await streamed.finalMessage()).toMatchObject({ content, stop_reason: 'tool_use' })
    const whole = client().messages.create({ ...ask, ...scripted(wholeMessage(said)) })
    expect(await whole).toMatchObject({ content, stop_reason: 'tool_use' })
    const model = createAnthropic({ baseURL: pool.server.base, apiKey: 'none' })('m')
    const words = { text: ['One.'] }
    upstream.script = messageStream(messageEvents(words))
    expect(await streamText({ model, prompt: 'Go.', maxRetries: 0 }).text).toBe('One.')
    upstream.script = wholeMessage(words)
    expect((await generateText({ model, prompt: 'Go.', maxRetries: 0 })).text).toBe('One.')
    upstream.script = undefined
  })

  it('gets pings where it is quiet, of which it needs none of its own', async () => {
    const steps = [
      { send: named(events[0] as never) + named({ type: 'ping' }) },
      { wait: 700 },
      ...events.slice(1).map((event) => ({ send: named(event) })),
    ]
    const { raw, read } = await stream({ steps })
    expect(read).toMatchObject({ problems: [], outcome: 'finished' })
    expect(read.pings).toBeGreaterThanOrEqual(1)
    expect(raw.replaceAll(named({ type: 'ping' }), '')).toBe(bytes)
  })

  it('stops when the client hangs up', async () => {
    const delta = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: 'x' },
    }
    const steps = [
      { send: events.slice(0, 2).map(named).join('') },
      { repeat: 1_000, steps: [{ wait: 50 }, { send: named(delta) }] },
    ]
    const running = await client().messages.create({ ...ask, stream: true, ...scripted({ steps }) })
    const request = await upstream.next(
      (each) => isNative(each) && each.hungUpAt === undefined && !each.finished,
    )
    let count = 0
    for await (const _ of running) if (++count === 5) break
    await request.closedWithin(1_500)
    await pool.server.nextLog(({ outcome }) => outcome === 'cancelled')
  })

  it.each<[string, Script, RegExp]>([
    [
      'says that it failed',
      failing({ type: 'error', error: { type: 'overloaded_error', message: 'Full.' } }),
      /Full/,
    ],
    [
      'is cut off',
      { steps: [{ send: bytes.slice(0, 900) }, { cut: true }] },
      /before a stop_reason/,
    ],
    ['ends too soon', { steps: [{ send: bytes.slice(0, 900) }] }, /before a stop_reason/],
    ['breaks the order', failing({ type: 'content_block_stop', index: 9 }), /not open/],
    [
      'sends no JSON',
      { steps: [{ send: `${events.slice(0, 3).map(named).join('')}event: x\ndata: {\n\n` }] },
      /not JSON/,
    ],
  ])(
    'fails by an error event where it %s, and never looks finished',
    async (_, script, message) => {
      const { read, entry } = await stream(script)
      expect(read).toMatchObject({ problems: [], outcome: 'failed' })
      expect(read.error?.message).toMatch(message)
      expect(entry).toMatchObject({ outcome: 'failed' })
    },
  )

  it('keeps the type of its failure, as the SDK reads it', async () => {
    const script = failing({ type: 'error', error: { type: 'overloaded_error', message: 'Full.' } })
    const failed = client()
      .messages.stream({ ...ask, ...scripted(script) })
      .finalMessage()
    const error = await failed.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ type: 'overloaded_error' })
  })

  it('is overloaded with its own status, where that is the first it says', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Full.' } }
    const { response, raw } = await stream({ steps: [{ send: named(error) }] })
    expect(response.status).toBe(529)
    expect(JSON.parse(raw)).toMatchObject({ error: { type: 'overloaded_error' } })
  })

  it.each([
    ['messages', '?beta=true', '?beta=true'],
    ['messages/count_tokens', '?beta=true', '?beta=true'],
    ['messages', '?a=1%262&b=%0d%0a%20%23x&c', '?a=1%262&b=%0D%0A+%23x&c='],
  ])('gets the query of a request: %s%s', async (path, query, expected) => {
    const response = await fetch(`${pool.server.base}/${path}${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, script: wholeMessage(said) }),
    })
    expect(response.status, await response.text()).toBe(200)
    expect(upstream.requests.at(-1)?.path).toBe(`/v1/${path}${expected}`)
  })

  it('fails where it says nothing for too long', async () => {
    const { read } = await stream({ steps: [{ send: named(events[0] as never) }, { hang: true }] })
    expect(read).toMatchObject({ outcome: 'failed', error: { type: 'timeout_error' } })
  })

  it.each<[string, Script]>([
    ['another form than was asked for', wholeMessage(said)],
    ['a page', { headers: { 'content-type': 'text/html' }, steps: [{ send: '<html></html>' }] }],
  ])('is refused for %s', async (_, script) => {
    const { response, raw } = await stream({ ...script, headers: { ...script.headers } })
    expect(response.status).toBe(502)
    expect(JSON.parse(raw)).toMatchObject({ type: 'error', error: { type: 'api_error' } })
  })

  it('refuses with its own status and words', async () => {
    const body = {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'No such tool.' },
    }
    const script = {
      status: 400,
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify(body) }],
    }
    const asked = client().messages.create({ ...ask, ...scripted(script) })
    const error = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('No such tool.')
  })

  it('counts by itself', async () => {
    const { input_tokens } = await client().messages.countTokens({
      model: 'small',
      messages: ask.messages,
    })
    expect(input_tokens).toBe(4)
    const sent = await upstream.next(({ path }) => path === '/v1/messages/count_tokens')
    expect(sent.body).toEqual({ model: 'm', messages: ask.messages })
  })

  it('is asked for chats as before', async () => {
    const response = await fetch(`${pool.server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: ask.messages }),
    })
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })

  describe('beside one that does not', () =>
    it('is followed by it, where it fails before its first event', async () => {
      const dead: Script = { steps: [{ reset: true }] }
      const pair = { a: { script: dead }, b: {} }
      const each = { a: { nativeApis: ['messages'] } }
      await using both = await startPool(host, pair, { each })
      const response = await fetch(`${both.server.base}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...ask, stream: true }),
      })
      const read = readMessages(await response.text())
      expect(read).toMatchObject({ problems: [], outcome: 'finished', text: 'b' })
      expect(await logOf(both.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
      const paths = (label: string) => both.upstreams[label]?.requests.map(({ path }) => path)
      expect(paths('a')).toContain('/v1/messages')
      expect(paths('a')).not.toContain('/v1/chat/completions')
      expect(paths('b')).toContain('/v1/chat/completions')
      expect(paths('b')).not.toContain('/v1/messages')
    }))
}

/** Some events, and then this one. */
function failing(event: { type: string; [field: string]: unknown }): Script {
  return {
    steps: [{ send: events.slice(0, 4).map(named).join('') + named(event) }, { hang: true }],
  }
}
