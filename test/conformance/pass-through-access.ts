import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { PASS_PATHS } from '../support/pass-through.ts'
import { asked, JSON_BODIES, postForm, postJson } from '../support/passing.ts'
import { named, startPool } from '../support/pool.ts'
import { rawRequest } from '../support/raw.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, type Relay, useRelay } from '../support/relay.ts'
import { type HostName, startServer } from '../support/server.ts'
import { bearer, entry } from './keys-entries.ts'
import { forms } from './pass-through-forms.ts'

const RERANK = '/v1/rerank'
const BODY = { model: 'small', query: 'a', documents: ['b'] }
const FORM = '/v1/audio/transcriptions'

const KEYS = [
  entry('root', 'root-key', { admin: true }),
  entry('bob', 'bob-key', { models: ['small'] }),
  entry('al', 'al-key', { models: ['tiny'] }),
  entry('two', 'two-key', { requestsPerMinute: 2 }),
  entry('one', 'one-key', { maxConcurrency: 1 }),
  entry('few', 'few-key', { tokensPerMinute: 10_000 }),
  entry('read', 'read-key', { tokensPerMinute: 10_000 }),
  entry('ear', 'ear-key', { tokensPerMinute: 100 }),
]

/** Who may have what forwarded, and to whom it goes. */
export function passThroughAccess(host: HostName): void {
  const relay = useRelay(host, {
    flags: ['--alias', 'tiny=small', '--alias', 'huge=big', '--max-body', '100kB'],
    env: { SLUICE_KEYS: JSON.stringify(KEYS) },
    upstream: { passes: PASS_PATHS, models: named('big', 'small') },
  })
  describe('a key', () => keys(relay))
  describe('its limits', () => limits(relay))
  describe('a body', () => bodies(relay, host))
  describe('a form', () => forms(relay, host))
  describe('without a model', () => rules(host))
}

function keys(relay: Relay): void {
  it('is needed', async () => {
    for (const path of ['/v1/rerank', '/tokenize', '/v2/rerank']) {
      const { code } = await expectError(await postJson(relay.server.url + path, BODY), 401)
      expect(code).toBe('missing_api_key')
    }
  })

  it.each([
    ['another model', { model: 'big' }],
    ['an alias of it', { model: 'huge' }],
    ['models in another field', { model: 'small', models: ['big'] }],
  ])('gets no model that it may not use: %s', async (_, body) => {
    const url = relay.server.url + RERANK
    const response = await postJson(url, { ...BODY, ...body }, bearer('bob-key'))
    expect((await expectError(response, 403)).code).toBe('model_not_allowed')
    const form = postForm(relay.server.url + FORM, body as never, bearer('bob-key'))
    expect((await expectError(await form, 403)).code).toBe('model_not_allowed')
  })

  it('gets a model that it may use where it names none', async () => {
    const url = `${relay.server.url}/tokenize`
    const response = await postJson(url, { content: 'a' }, bearer('bob-key'))
    expect(response.status, await response.text()).toBe(200)
    const { body } = asked(relay.upstream.requests, '/tokenize').at(-1) ?? {}
    expect(body).toEqual({ content: 'a', model: 'small' })
  })

  it('gets the model of an alias that it may use, where it names none', async () => {
    const response = await postJson(
      `${relay.server.url}/tokenize`,
      { content: 'a' },
      bearer('al-key'),
    )
    expect(response.status, await response.text()).toBe(200)
    const { body } = asked(relay.upstream.requests, '/tokenize').at(-1) ?? {}
    expect(body).toEqual({ content: 'a', model: 'small' })
  })

  it('that may use some models sends what was checked, and nothing twice', async () => {
    const sent = '{"model":"small","models":["big"],"models":null}'
    const response = await postJson(relay.server.url + RERANK, sent, bearer('bob-key'))
    expect(response.status, await response.text()).toBe(200)
    const { bytes } = asked(relay.upstream.requests, RERANK).at(-1) ?? {}
    expect(bytes?.toString()).toBe('{"model":"small","models":null}')
  })

  it('is not sent on', async () => {
    await postJson(relay.server.url + RERANK, BODY, bearer('root-key'))
    const { headers } = asked(relay.upstream.requests, RERANK).at(-1) ?? {}
    expect(JSON.stringify(headers)).not.toContain('root-key')
  })

  it('that is no admin’s sees no properties and slots', async () => {
    for (const path of ['/props', '/slots']) {
      const url = relay.server.url + path
      const { code } = await expectError(await fetch(url, bearer('bob-key')), 403)
      expect(code).toBe('admin_required')
      const response = await fetch(`${url}?model=small`, bearer('root-key'))
      expect(response.status, await response.text()).toBe(200)
    }
  })
}

function limits(relay: Relay): void {
  const post = (path: string, body: object, key: string) =>
    postJson(relay.server.url + path, body, bearer(key))
  const left = (response: Response) => Number(response.headers.get('x-ratelimit-remaining-tokens'))

  it('count requests', async () => {
    for (const path of ['/tokenize', RERANK]) {
      const response = await post(path, BODY, 'two-key')
      expect(response.status, await response.text()).toBe(200)
    }
    await expectError(await post(RERANK, BODY, 'two-key'), 429)
  })

  it('count streams until they end', async () => {
    // Events, since workerd learns of a client that has left by the next heartbeat.
    const steps = [{ chunk: { type: 'a' } }, { hang: true as const }]
    const script = { headers: { 'content-type': 'text/event-stream' }, steps }
    const first = await post('/v1/audio/speech', { model: 'small', script }, 'one-key')
    expect(first.status).toBe(200)
    await expectError(await post(RERANK, BODY, 'one-key'), 429)
    await first.body?.cancel()
    await expect
      .poll(async () => (await post(RERANK, BODY, 'one-key')).status, { timeout: 5_000 })
      .toBe(200)
  })

  it('count tokens as the server does, or by the size of what goes in', async () => {
    const long = 'x'.repeat(4_000)
    const estimated = await post(
      '/score',
      { model: 'small', text_1: long, text_2: long },
      'few-key',
    )
    expect(left(estimated)).toBeGreaterThan(7_900)
    expect(left(estimated)).toBeLessThan(8_010)
    // As the estimate, since this server counts nothing; some trickle in.
    const next = await post('/tokenize', { model: 'small', content: long }, 'few-key')
    expect(left(next)).toBeGreaterThan(7_900)
    expect(left(next)).toBeLessThan(8_500)
    await (await post(RERANK, { ...BODY, query: long }, 'read-key')).text()
    // The server counted 12, of which more is believed than of the estimate.
    const after = await post('/tokenize', { model: 'small', content: '' }, 'read-key')
    expect(left(after)).toBeGreaterThan(9_900)
  })

  it('count sound by the size of its file', async () => {
    const url = relay.server.url + FORM
    const response = await postForm(url, { model: 'small' }, bearer('ear-key'))
    // 3,000 bytes at 125 for each token.
    expect(left(response)).toBe(76)
    // The server's count is believed, also that of what it said.
    expect(await logOf(relay.server, response)).not.toHaveProperty('repaired')
    await response.text()
  })
}

function bodies(relay: Relay, host: HostName): void {
  const send = (body: string, type = 'application/json') =>
    postJson(relay.server.url + RERANK, body, {
      headers: { ...bearer('root-key').headers, 'content-type': type },
    })

  // On a connection of its own, since it is closed with the rest of the body unread.
  it('that is too large is refused', needs(host, 'sockets'), async () => {
    const headers = { ...bearer('root-key').headers, connection: 'close' }
    const body = { ...BODY, query: 'x'.repeat(200_000) }
    const { port } = relay.server
    const refused = await rawRequest({ port, path: RERANK, headers, body })
    await refused.waitFor('request_too_large')
    expect(refused.status()).toBe(413)
    refused.hangUp()
  })

  it.each([
    ['text/plain', 'application/json'],
    ['multipart/form-data; boundary=a', 'application/json'],
  ])('of type %s is refused', async (type, expected) => {
    const { message } = await expectError(await send(JSON.stringify(BODY), type), 415)
    expect(message).toContain(`expected ${expected}`)
  })

  it.each([
    ['nested too deeply', `{"a":${'['.repeat(70)}${']'.repeat(70)}}`, /levels deep/],
    ['with two models', '{"model":"small","model":"big"}', /model: expected once/],
    ['with a model in another case', '{"Model":"big"}', /lower case/],
    ['with a model that is no text', '{"model":["small"]}', /model: expected the name/],
    ['that is no object', '[1]', /expected a JSON object, got an array/],
    ['that is no JSON', '{"a"', /does not parse/],
    ['with too many documents', JSON.stringify({ documents: Array(5_001).fill('') }), /documents/],
  ])('%s is refused', async (_, body, told) => {
    expect((await expectError(await send(body), 400)).message).toMatch(told)
  })

  it('for a model that nobody has is refused', async () => {
    const response = await send(JSON.stringify({ ...BODY, model: 'static' }))
    const { code, message } = await expectError(response, 400)
    expect(code).toBe('model_not_capable')
    expect(message).toBe(
      'model: static is not on a server to which POST /v1/rerank can be forwarded; name a model of an upstream that offers it.',
    )
  })
}

function rules(host: HostName): void {
  const passes = PASS_PATHS
  const given = {
    a: { passes, models: named('one') },
    b: { passes, models: named('two', 'three') },
  }

  it('it is unclear whom it is for, and the answer says what to do', async () => {
    await using it = await startPool(host, given)
    const { message, param } = await expectError(
      await postJson(`${it.server.url}/tokenize`, { content: 'a' }),
      400,
    )
    expect(param).toBe('model')
    expect(message).toBe(
      'model: expected the name of a model, since several servers could answer POST /tokenize, got none; name one that GET /v1/models lists, or let the operator choose with --pass-through /tokenize=LABEL.',
    )
    const shown = await expectError(await fetch(`${it.server.url}/props`), 400)
    expect(shown.message).toContain('add ?upstream=a to the URL')
    const one = await fetch(`${it.server.url}/props?upstream=b`)
    expect(one.status, await one.text()).toBe(200)
    expect(asked(it.upstreams.b?.requests ?? [], '/props')).toHaveLength(1)
  })

  it.each([
    ['an upstream', '/tokenize=b', 'b', { content: 'a' }],
    ['a model', '/tokenize=three', 'b', { content: 'a', model: 'three' }],
    ['an upstream for every path', '*=b', 'b', { content: 'a' }],
  ])('a setting names %s', async (_, rule, label, body) => {
    await using it = await startPool(host, given, { flags: ['--pass-through', rule] })
    const response = await postJson(`${it.server.url}/tokenize`, { content: 'a' })
    expect(response.status, await response.text()).toBe(200)
    const last = asked(it.upstreams[label]?.requests ?? [], '/tokenize').at(-1)
    expect(last?.body).toEqual(body)
    // A model that is named comes first.
    await (await postJson(`${it.server.url}/tokenize`, { model: 'one' })).text()
    expect(asked(it.upstreams.a?.requests ?? [], '/tokenize')).toHaveLength(1)
  })

  it('the default model is asked', async () => {
    await using it = await startPool(host, given, { flags: ['--model', 'two'] })
    await (await postJson(`${it.server.url}/tokenize`, { content: 'a' })).text()
    const last = asked(it.upstreams.b?.requests ?? [], '/tokenize').at(-1)
    expect(last?.body).toEqual({ content: 'a', model: 'two' })
  })

  it('the only server that has the path is asked', async () => {
    await using it = await startPool(host, { ...given, a: { models: named('one') } })
    const path = `${it.server.url}/v1/moderations`
    await (await postJson(path, { ...JSON_BODIES['/v1/moderations'], model: 'one' })).text()
    const response = await postJson(path, { input: 'a' })
    expect(response.status, await response.text()).toBe(200)
    expect(asked(it.upstreams.b?.requests ?? [], '/v1/moderations')).toHaveLength(1)
  })

  it('no server is there, which the answer says', async () => {
    await using server = await startServer(host)
    const response = await postJson(`${server.url}/tokenize`, { content: 'a' })
    expect((await expectError(response, 404)).message).toContain('no model server was found')
  })
}
