import { afterAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { named } from '../support/pool.ts'
import { postChat } from '../support/read.ts'
import { logOf, nextFor, tag } from '../support/relay.ts'
import { type HostName, type LogEntry, useServerWith } from '../support/server.ts'
import { talk } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { entry } from './keys-entries.ts'
import { APIS, type Api, OTHERS, type Refused, VALUE } from './refusal-cases.ts'

const MAX_BODY = 20_000

const KEYS = [
  entry('root', 'root-key', { admin: true }),
  entry('ann', 'ann-key'),
  entry('bob', 'bob-key', { models: ['small'] }),
  entry('prom', 'prom-key', { metrics: true }),
  entry('slow', 'slow-key', { requestsPerMinute: 1 }),
  entry('few', 'few-key', { tokensPerMinute: 10 }),
  entry('old', 'old-key', { expires: '2026-01-31' }),
  entry('off', 'off-key', { disabled: true }),
]

/** Every refusal has a log line that says why, and holds nothing of what the client sent. */
export function refusalLogs(host: HostName): void {
  const upstreams: Upstream[] = []
  const server = useServerWith(host, async () => {
    // Two, so that a model that neither has is not asked of the only one there is.
    upstreams.push(await startUpstream({ models: named('m', 'small') }))
    upstreams.push(await startUpstream({ models: named('small') }))
    return {
      flags: [
        ...upstreams.flatMap(({ url }, index) => ['--upstream', `gpu${index}=${url}`]),
        ...['--max-body', String(MAX_BODY), '--max-concurrency', '1', '--queue', '0'],
      ],
      env: { SLUICE_KEYS: JSON.stringify(KEYS) },
    }
  })
  afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())))

  async function ask(asked: Refused): Promise<LogEntry> {
    const { method = 'POST', path, body, key = 'ann-key', headers = {} } = asked
    const response = await fetch(server.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    await response.body?.cancel()
    return logOf(server, response)
  }

  function expectTold(found: LogEntry, expected: Pick<Refused, 'code' | 'param' | 'status'>): void {
    const { outcome, status, code, param, message = '' } = found
    expect({ outcome, status, code, param, message }).toMatchObject({
      outcome: expected.status < 500 ? 'refused' : 'failed',
      status: expected.status,
      code: expected.code,
      param: expected.param,
    })
    // What is wrong, and what to do.
    expect(message).toMatch(/^\S.{12,}/)
    // The path is a field of its own.
    const rest = { ...found, path: '', message: message.replaceAll(found.path, '') }
    expect(JSON.stringify(rest)).not.toContain(VALUE)
  }

  describe.each(APIS)('$path', ({ path, valid, wrong }: Api) => {
    const invalid = { status: 400, code: 'invalid_value' }

    it.each(wrong)('a wrong field: $param', async ({ param, fields }) => {
      const found = await ask({ path, body: { ...valid, ...fields }, ...invalid })
      expectTold(found, { ...invalid, param })
      expect(found.message).toContain(param)
    })

    it('a model that nobody has', async () => {
      const unknown = { status: 404, code: 'model_not_found', param: 'model' }
      expectTold(await ask({ path, body: { ...valid, model: VALUE }, ...unknown }), unknown)
    })

    it.each([
      ['text that is no JSON', `{"model": "${VALUE}`],
      ['a list', `["${VALUE}"]`],
      ['nothing', ''],
    ])('a body that is %s', async (_, body) => {
      const found = await ask({ path, body, ...invalid })
      expectTold(found, { ...invalid, param: found.param })
      expect(found.message).toMatch(/^(body|model): /)
    })

    it.each<[string, Partial<Refused> & Pick<Refused, 'status' | 'code'>]>([
      ['too large', { body: VALUE.repeat(MAX_BODY), status: 413, code: 'request_too_large' }],
      [
        'of another type',
        {
          body: VALUE,
          headers: { 'content-type': `text/${VALUE}` },
          ...{ status: 415, code: 'unsupported_media_type' },
        },
      ],
      ['with a wrong key', { body: valid, key: VALUE, status: 401, code: 'invalid_api_key' }],
      ['without a key', { body: valid, key: null, status: 401, code: 'missing_api_key' }],
      ['by PATCH', { method: 'PATCH', body: valid, status: 405, code: 'method_not_allowed' }],
      [
        'from a foreign page',
        {
          body: valid,
          headers: { origin: `https://${VALUE}.example` },
          ...{ status: 403, code: 'origin_not_allowed' },
        },
      ],
    ])('a request %s', async (_, asked) => {
      expectTold(await ask({ path, ...asked }), asked)
    })
  })

  it.each(OTHERS)('$what', async ({ before = 0, ...asked }) => {
    for (let times = 0; times < before; times++) await ask(asked)
    expectTold(await ask(asked), asked)
  })

  describe('a full queue', needs(host, 'hangups'), () => {
    it('says so', async () => {
      const leaving = new AbortController()
      const body = tag({ model: 'm', script: talk('a', { wait: 20_000 }) })
      const key = { headers: { authorization: 'Bearer ann-key' } }
      await postChat(server.base, body, { ...key, signal: leaving.signal })
      await nextFor({ upstream: upstreams[0] as Upstream }, body)
      const busy = { path: '/v1/chat/completions', status: 503, code: 'engine_busy' }
      const messages = [{ role: 'user', content: VALUE }]
      const found = await ask({ ...busy, body: { model: 'm', messages } })
      leaving.abort()
      expectTold(found, busy)
      expect(found.message).toContain('queue is full')
    })
  })
}
