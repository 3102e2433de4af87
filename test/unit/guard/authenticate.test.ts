import { describe, expect, it } from 'vitest'
import type { Authenticate, Identity } from '../../../src/guard/authenticate.ts'
import { hashKey } from '../../../src/guard/keys.ts'
import { createHandler, type Handler } from '../../../src/handler.ts'
import type { HandlerOptions } from '../../../src/options.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'

/** Who asks is the value of a header. */
const byHeader =
  (limits: Partial<Identity> = {}): Authenticate =>
  async ({ headers }) => {
    const name = headers.get('x-user')
    return name ? { name, ...limits } : null
  }

function handlerOf(options: HandlerOptions) {
  const log: LogEntry[] = []
  const handler = createHandler({
    staticDelay: 0,
    staticText: 'one two',
    log: (entry) => log.push(entry),
    ...options,
  })
  return { handler, log }
}

function ask(
  { fetch }: Handler,
  headers: Record<string, string>,
  path = '/v1/chat/completions',
  body: object = { model: 'static', messages: [{ role: 'user', content: 'Hi' }] },
): Promise<Response> {
  return fetch(
    new Request(`http://sluice.example${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  )
}

const ann = { 'x-user': 'ann' }

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error: { code: unknown } }).error.code
}

it('lets in whom it knows, under a name that the log tells, and nobody else', async () => {
  const { handler, log } = handlerOf({ authenticate: byHeader() })
  expect((await ask(handler, { 'x-user': 'auth0|ann+1@example.com' })).status).toBe(200)
  const stranger = await ask(handler, {})
  expect(stranger.status).toBe(401)
  expect(await codeOf(stranger)).toBe('invalid_api_key')
  expect(log.map(({ key }) => key)).toEqual(['auth0|ann+1@example.com', undefined])
})

it('stands beside keys: a key opens for whom it does not know', async () => {
  const keys = [{ name: 'batch', hash: await hashKey('sk-batch') }]
  const { handler, log } = handlerOf({ authenticate: byHeader(), keys })
  expect((await ask(handler, ann)).status).toBe(200)
  expect((await ask(handler, { authorization: 'Bearer sk-batch' })).status).toBe(200)
  expect((await ask(handler, { authorization: 'Bearer sk-other' })).status).toBe(401)
  expect(log.map(({ key }) => key)).toEqual(['ann', 'batch', undefined])
})

describe('an identity', () => {
  it('has limits of its own, as a key has', async () => {
    const { handler } = handlerOf({ authenticate: byHeader({ requestsPerMinute: 1 }) })
    const first = await ask(handler, ann)
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    expect((await ask(handler, ann)).status).toBe(429)
    expect((await ask(handler, { 'x-user': 'bob' })).status).toBe(200)
  })

  it('has as many tokens and as many answers at once as it may', async () => {
    const tokens = handlerOf({ authenticate: byHeader({ tokensPerMinute: 10 }) }).handler
    const statuses = []
    for (let count = 0; count < 8; count++) statuses.push((await ask(tokens, ann)).status)
    expect(statuses[0]).toBe(200)
    expect(statuses.at(-1)).toBe(429)
    const slow = handlerOf({ authenticate: byHeader({ maxConcurrency: 1 }), staticDelay: 50 })
    const both = await Promise.all([ask(slow.handler, ann), ask(slow.handler, ann)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 429])
    expect((await ask(slow.handler, ann)).status).toBe(200)
  })

  it('may use the models that it names, and sees no others', async () => {
    const { handler } = handlerOf({ authenticate: byHeader({ models: ['other-*'] }) })
    const refused = await ask(handler, ann)
    expect(refused.status).toBe(403)
    const list = await handler.fetch(
      new Request('http://sluice.example/v1/models', { headers: ann }),
    )
    expect(await list.json()).toEqual({ object: 'list', data: [] })
    const none = handlerOf({ authenticate: byHeader({ models: [] }) })
    expect((await ask(none.handler, ann)).status).toBe(403)
  })

  it('owns the responses that it stored', async () => {
    const { handler } = handlerOf({ authenticate: byHeader() })
    const created = await ask(handler, ann, '/v1/responses', { model: 'static', input: 'Hi' })
    const { id } = (await created.json()) as { id: string }
    const get = (headers: Record<string, string>) =>
      handler.fetch(new Request(`http://sluice.example/v1/responses/${id}`, { headers }))
    expect((await get(ann)).status).toBe(200)
    expect((await get({ 'x-user': 'bob' })).status).toBe(404)
    expect((await get({})).status).toBe(401)
  })

  it.each([
    [true, /^authenticate: expected an object with a name/],
    [{}, /^authenticate: name: expected/],
    [{ name: 'two words' }, /^authenticate: name: expected .*, got/],
    [{ name: 'ann', maxConcurency: 1 }, /maxConcurency: .*Did you mean maxConcurrency/],
    [{ name: 'ann', requestsPerMinute: 0 }, /^authenticate: requestsPerMinute: expected a whole/],
    [{ name: 'ann', admin: 'true' }, /^authenticate: admin: expected true or false/],
    [{ name: 'ann', models: 'all' }, /^authenticate: models: expected names/],
  ])('that is wrong lets nobody in: %j', async (identity, cause) => {
    const { handler, log } = handlerOf({ authenticate: () => identity as Identity })
    const response = await ask(handler, {})
    expect(response.status).toBe(503)
    expect(await codeOf(response)).toBe('authentication_failed')
    expect(log[0]?.cause).toMatch(cause)
  })
})

describe('what it throws', () => {
  it('is the answer, where it is an ApiError', async () => {
    const { handler } = handlerOf({
      authenticate() {
        throw new ApiError(402, 'Your plan has ended.', { code: 'plan_ended' })
      },
    })
    const response = await ask(handler, {})
    expect(response.status).toBe(402)
    expect(await codeOf(response)).toBe('plan_ended')
  })

  it('is told to the log alone, where it is anything else', async () => {
    for (const error of [new Error('SECRET'), 'SECRET']) {
      const { handler, log } = handlerOf({ authenticate: () => Promise.reject(error) })
      const response = await ask(handler, {})
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('5')
      expect(await response.text()).not.toContain('SECRET')
      expect(log).toMatchObject([{ code: 'authentication_failed', cause: 'SECRET' }])
    }
  })
})

it('is called before anything is read of the body', async () => {
  let pulled = 0
  const body = new ReadableStream(
    {
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(10))
      },
    },
    { highWaterMark: 0 },
  )
  const { handler } = handlerOf({ authenticate: () => undefined })
  const request = new Request('http://sluice.example/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit)
  expect((await handler.fetch(request)).status).toBe(401)
  expect(pulled).toBe(0)
})

it('must leave the body unread, and may read a clone', async () => {
  const reading = handlerOf({
    authenticate: async (request) => ({ name: (await request.text()).slice(2, 7) }),
  })
  expect((await ask(reading.handler, {})).status).toBe(503)
  expect(reading.log[0]?.cause).toContain('request.clone()')
  const cloning = handlerOf({
    authenticate: async (request) => ({ name: (await request.clone().text()).slice(2, 7) }),
  })
  expect((await ask(cloning.handler, {})).status).toBe(200)
  expect(cloning.log[0]?.key).toBe('model')
})

it('tells a stranger nothing of what runs here', async () => {
  const { handler } = handlerOf({ authenticate: byHeader() })
  const health = async (headers: Record<string, string>) =>
    (await handler.fetch(new Request('http://sluice.example/health', { headers }))).json()
  expect(await health({})).not.toHaveProperty('models')
  expect(await health(ann)).toHaveProperty('models')
  expect(await health(ann)).not.toHaveProperty('engines')
})

it('shows the engines to an admin', async () => {
  const { handler } = handlerOf({ authenticate: byHeader({ admin: true }) })
  const response = await handler.fetch(
    new Request('http://sluice.example/health', { headers: ann }),
  )
  expect(await response.json()).toHaveProperty('engines')
})

it('must not lock the body either', async () => {
  const { handler, log } = handlerOf({
    authenticate(request) {
      request.body?.getReader()
      return { name: 'ann' }
    },
  })
  expect((await ask(handler, {})).status).toBe(503)
  expect(log[0]?.cause).toContain('request.clone()')
})

describe('one that does not answer', () => {
  const never: Authenticate = () => new Promise(() => {})

  it('is waited for no longer than a second where anyone may ask', async () => {
    const { handler } = handlerOf({ authenticate: never })
    const paths = ['/health', '/health/ready', '/status', '/']
    const responses = await Promise.all(
      paths.map((path) => handler.fetch(new Request(`http://sluice.example${path}`))),
    )
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await responses[0]?.text()).not.toContain('"engines"')
    expect(await responses[2]?.text()).toContain('This server needs a key')
  })

  it('ends with the client that leaves, which the log tells', async () => {
    const { handler, log } = handlerOf({ authenticate: never })
    const client = new AbortController()
    const { signal } = client
    const asking = handler.fetch(new Request('http://sluice.example/v1/models', { signal }))
    client.abort()
    expect((await asking).status).toBe(499)
    expect(log).toMatchObject([{ path: '/v1/models', outcome: 'cancelled' }])
    const startedAt = performance.now()
    await handler.drain(5_000)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
