import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { needs } from '../support/hosts.ts'
import { PASS_PATHS, SOUND } from '../support/pass-through.ts'
import { eventsOf, postForm, postJson } from '../support/passing.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script, Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { failover } from './pass-through-failover.ts'

const SPEECH = '/v1/audio/speech'
const RERANK = '/v1/rerank'
const sound = (...steps: Step[]): Script => ({ headers: { 'content-type': 'audio/mpeg' }, steps })
const events = (...steps: Step[]): Script => {
  return { headers: { 'content-type': 'text/event-stream' }, steps }
}
const PIECE = { base64: SOUND.toString('base64') }

/** How forwarded requests end that do not end well. */
export function passThroughEnds(host: HostName): void {
  const relay = useRelay(host, { upstream: { passes: PASS_PATHS } })
  describe('an answer that breaks off', () => broken(relay))
  describe('a refusal', () => refused(relay))
  describe('a client that leaves', () => leaving(host))
  describe('a deadline', () => deadlines(host))
  describe('another server', () => failover(host))
}

function ask(relay: Relay, path: string, script: Script, body: object = {}): Promise<Response> {
  return postJson(relay.server.url + path, { model: 'm', input: 'a', ...body, script })
}

function broken(relay: Relay): void {
  it.each([
    ['closed', { cut: true as const }],
    ['reset', { reset: true as const }],
  ])('is no complete sound: %s', async (_, step) => {
    const response = await ask(relay, SPEECH, sound(PIECE, { wait: 50 }, step))
    expect(response.status).toBe(200)
    await expect(response.arrayBuffer()).rejects.toThrow()
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ outcome: 'failed', code: 'upstream_truncated', engine: 'gpu' })
  })

  it.each([
    ['between two events', { chunk: { type: 'a' } }],
    ['within an event', { send: 'data: {"type":"a"}\n\ndata: {"ty' }],
  ])('is a stream whose last event is an error: %s', async (_, step) => {
    const response = await ask(relay, SPEECH, events(step, { wait: 50 }, { cut: true }))
    const text = await response.text()
    const [first, last, ...more] = eventsOf(text) as { error?: { code: string; message: string } }[]
    expect({ first, more }).toEqual({ first: { type: 'a' }, more: [] })
    expect(last?.error?.code).toBe('upstream_truncated')
    expect(last?.error?.message).toMatch(/^gpu closed the connection in the middle of its answer/)
    expect(text.endsWith('\n\n')).toBe(true)
    expect(text).not.toContain('"ty\n')
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed' })
  })

  it('is the same where it ends within an event, of JSON or of text', async () => {
    const first = { chunk: { type: 'a' } }
    for (const send of ['data: {"ty', 'data: half a sen']) {
      const response = await ask(relay, SPEECH, events(first, { wait: 20 }, { send }))
      const told = eventsOf(await response.text()) as { error?: { code: string } }[]
      expect(told).toHaveLength(2)
      expect(told[1]?.error?.code).toBe('upstream_incomplete')
    }
  })

  it.each(['event: error\ndata: no memory\n\n', 'error: no memory\n\n'])(
    'tells what went wrong where the server says so in text: %j',
    async (send) => {
      const response = await ask(relay, SPEECH, events({ chunk: { type: 'a' } }, { send }))
      const told = eventsOf(await response.text()) as { error?: { message: string } }[]
      expect(told[1]?.error?.message).toBe('gpu failed while answering: no memory')
    },
  )

  it('tells what the server says went wrong, without its address', async () => {
    const { host: address } = new URL(relay.upstream.url)
    const error = { error: { message: `no memory at ${address}` } }
    const response = await ask(
      relay,
      SPEECH,
      events({ chunk: { type: 'a' } }, { wait: 20 }, { chunk: error }),
    )
    const told = eventsOf(await response.text()) as { error?: { message: string } }[]
    expect(told[1]?.error?.message).toBe('gpu failed while answering: no memory at …')
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed' })
  })

  it('is an error with a true status before its first part', async () => {
    const none = await ask(relay, SPEECH, sound({ cut: true }))
    expect((await expectError(none, 502)).code).toBe('upstream_truncated')
    const json = await ask(relay, RERANK, { steps: [{ send: '{"results": [' }, { cut: true }] })
    expect((await expectError(json, 502)).code).toBe('upstream_invalid')
  })
}

function refused(relay: Relay): void {
  it.each<Omit<Script, 'steps'>>([
    { headers: { 'content-type': '', 'content-length': '0' } },
    { headers: { 'content-type': 'application/json', 'content-length': '0' } },
  ])('is what an answer without a body counts as: %j', async (script) => {
    const answer = await expectError(await ask(relay, RERANK, { steps: [], ...script }), 502)
    expect(answer).toMatchObject({ code: 'upstream_invalid' })
    expect(answer.message).toContain('gpu answered with nothing instead of an answer to POST')
  })

  it('is not what a text without a word counts as', async () => {
    const headers = { 'content-type': 'text/plain', 'content-length': '0' }
    const form = { script: JSON.stringify({ headers, steps: [] }) }
    const response = await postForm(`${relay.server.url}/v1/audio/transcriptions`, form)
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 200,
      text: '',
    })
  })

  it('has the server’s status and words, without its address', async () => {
    const { host: address } = new URL(relay.upstream.url)
    const send = JSON.stringify({
      error: { message: `voice: ${address} has none`, code: 'no_voice' },
    })
    const error = await expectError(
      await ask(relay, SPEECH, { status: 422, steps: [{ send }] }),
      422,
    )
    expect(error).toMatchObject({ code: 'no_voice', message: 'voice: … has none' })
  })

  it('is one where the server calls an error a success', async () => {
    const steps = [{ send: '{"error":{"message":"out of memory"}}' }]
    const error = await expectError(await ask(relay, RERANK, { steps }), 502)
    expect(error.message).toContain('out of memory')
  })

  it.each([
    ['text/html', SPEECH],
    ['image/svg+xml', '/v1/images/generations'],
    ['application/javascript', SPEECH],
  ])('is the answer to %s, which a browser could run', async (type, path) => {
    const script = { headers: { 'content-type': type }, steps: [{ send: '<script></script>' }] }
    const error = await expectError(await ask(relay, path, script), 502)
    expect(error.code).toBe('upstream_invalid')
    expect(error.message).toContain(type)
  })
}

function leaving(host: HostName): void {
  const relay = useRelay(host, {
    flags: ['--heartbeat', '200ms'],
    upstream: { passes: PASS_PATHS },
  })

  it('stops the server before its answer', needs(host, 'hangups'), async () => {
    const script = { headersAfter: 'never' as const, steps: [] }
    const body = tag({ model: 'm', query: 'a', documents: [], script })
    const client = await openClient(relay.server, body, RERANK)
    const sent = await nextFor(relay, body)
    client.hangUp()
    await sent.closedWithin(1_000)
    const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
    expect(entry).toMatchObject({ path: RERANK, engine: 'gpu' })
  })

  it.each([
    ['sound', sound({ flood: { text: 'x'.repeat(1_000) } })],
    ['a stream', events({ chunk: { type: 'a' } }, { hang: true })],
  ])('stops the server within its answer: %s', async (_, script) => {
    const body = tag({ model: 'm', input: 'a', script })
    const client = await openClient(relay.server, body, SPEECH)
    const sent = await nextFor(relay, body)
    await client.waitFor(/x{100}|"type":"a"/)
    client.hangUp()
    await sent.closedWithin(5_000)
    await relay.server.nextLog(({ outcome, path }) => outcome === 'cancelled' && path === SPEECH)
  })

  it('stops nothing by reading slowly, but slows the server', async () => {
    const script = sound({ flood: { text: 'x'.repeat(1_000), bytes: 64 * 1024 * 1024 } })
    const body = tag({ model: 'm', input: 'a', script })
    const control = new AbortController()
    const url = relay.server.url + SPEECH
    const response = await postJson(url, body, { signal: control.signal })
    const sent = await nextFor(relay, body)
    let before = -1
    for (; before !== sent.sentBytes; await new Promise((done) => setTimeout(done, 300))) {
      before = sent.sentBytes
    }
    expect(sent.sentBytes).toBeLessThan(48 * 1024 * 1024)
    control.abort()
    await response.arrayBuffer().catch(() => {})
    await sent.closedWithin(5_000)
  })
}

function deadlines(host: HostName): void {
  const limits = ['--answer-timeout', '500ms', '--first-token-timeout', '500ms']
  const relay = useRelay(host, {
    flags: [...limits, '--token-timeout', '500ms', '--heartbeat', '100ms'],
    upstream: { passes: PASS_PATHS },
  })

  it.each([
    ['answer_timeout', { headersAfter: 'never' as const, steps: [] }],
    ['first_token_timeout', sound({ hang: true })],
  ])('has a true status before the first part: %s', async (code, script) => {
    const body = tag({ model: 'm', input: 'a', script })
    const response = await postJson(relay.server.url + SPEECH, body)
    expect((await expectError(response, 504)).code).toBe(code)
    await sentFor(relay, body)[0]?.closedWithin(2_000)
  })

  it('is not put off by comments, neither before the first event nor after it', async () => {
    const pings = Array.from({ length: 50 }, () => [{ send: ': ping\n\n' }, { wait: 50 }]).flat()
    const none = await ask(relay, SPEECH, events(...pings))
    expect((await expectError(none, 504)).code).toBe('first_token_timeout')
    const paused = await ask(relay, SPEECH, events({ chunk: { type: 'a' } }, ...pings))
    expect(eventsOf(await paused.text()).at(-1)).toMatchObject({ error: { code: 'token_timeout' } })
  })

  it('breaks sound off, and ends a stream with an error, after a pause', async () => {
    const silent = await ask(relay, SPEECH, sound(PIECE, { hang: true }))
    await expect(silent.arrayBuffer()).rejects.toThrow()
    expect(await logOf(relay.server, silent)).toMatchObject({ code: 'token_timeout' })
    const paused = await ask(relay, SPEECH, events({ chunk: { type: 'a' } }, { hang: true }))
    const text = await paused.text()
    expect(text).toContain(': ping\n')
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: 'token_timeout' } })
  })
}
