import { describe, expect, it, vi } from 'vitest'
import type { Engine } from '../../src/engines/engine.ts'
import { createHostedHandler } from '../../src/handler.ts'
import type { HandlerHost } from '../../src/options.ts'
import type { LogEntry } from '../../src/platform/log.ts'
import { ApiError } from '../../src/wire/errors/api-error.ts'

function chat(signal: AbortSignal): Request {
  return new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'static', messages: [{ role: 'user', content: 'Hi' }] }),
    signal,
  })
}

it('cancels at once where the client has left before it is asked', async () => {
  const log: LogEntry[] = []
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true },
    { log: (entry) => log.push(entry) },
  )
  const client = new AbortController()
  const request = chat(client.signal)
  const answer = fetch(request)
  client.abort()
  await answer
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})

it('answers a request whose client has left while its body was read', async () => {
  const log: LogEntry[] = []
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true },
    { log: (entry) => log.push(entry) },
  )
  const client = new AbortController()
  const request = chat(new AbortController().signal)
  const read = request.arrayBuffer.bind(request)
  client.abort()
  Object.defineProperty(request, 'signal', { value: client.signal })
  Object.defineProperty(request, 'arrayBuffer', { value: read })
  expect((await fetch(request)).status).toBe(499)
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})

it('logs the field and the reason of a refusal, and nothing of what was received', async () => {
  const log: LogEntry[] = []
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true },
    { log: (entry) => log.push(entry) },
  )
  const ask = (body: object) =>
    fetch(
      new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
  const messages = [{ role: 'user', content: 'SECRET' }]
  await ask({ messages: [...messages, { role: 'user', content: { SECRET: 1 } }] })
  await ask({ messages: 'SECRET' })
  const told = log.map(({ status, param, message }) => ({ status, param, message }))
  expect(told).toEqual([
    {
      status: 400,
      param: 'messages[1].content',
      message: expect.stringMatching(/^messages\[1\]\.content: expected .*a string/),
    },
    {
      status: 400,
      param: 'messages',
      message: 'messages: expected an array of messages',
    },
  ])
  expect(JSON.stringify(log)).not.toContain('SECRET')
})

describe('whatever throws', () => {
  const never = new AbortController().signal

  /** An engine that refuses with a status that no response can have. */
  const impossible: Engine = {
    label: 'impossible',
    models: async () => [{ id: 'm', object: 'model', created: 1, owned_by: 'tests' }],
    chat: () => Promise.reject(Object.assign(new ApiError(500, 'secret'), { status: 999 })),
  }

  function handled(path: string, body: object, host: HandlerHost) {
    const handler = createHostedHandler({ discover: false, insecure: true, staticDelay: 0 }, host)
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal: never }
    return { handler, answer: handler.fetch(new Request(`http://localhost${path}`, request)) }
  }

  const messages = [{ role: 'user', content: 'Hi' }]

  it.each([
    ['/v1/chat/completions', { error: { type: 'server_error', code: 'internal_error' } }],
    ['/v1/messages', { type: 'error', error: { type: 'api_error' } }],
  ])(
    'is answered in the shape of the API, logged with its cause, and over: %s',
    async (path, shape) => {
      const log: LogEntry[] = []
      const body = { model: 'm', messages, max_tokens: 9 }
      const host = { engines: [impossible], log: (entry: LogEntry) => log.push(entry) }
      const { handler, answer } = handled(path, body, host)
      const response = await answer
      expect(response.status).toBe(500)
      const text = await response.text()
      expect(JSON.parse(text)).toMatchObject(shape)
      expect(text).not.toContain('999')
      expect(log).toMatchObject([{ status: 500, outcome: 'failed' }])
      expect(log[0]?.cause).toMatch(/status/)
      expect(response.headers.get('x-request-id')).toBe(log[0]?.id)
      const startedAt = performance.now()
      await handler.drain(5_000)
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    },
  )

  it('ends a stream that has begun, where its response can not be made', async () => {
    const log: LogEntry[] = []
    const host = { log: (entry: LogEntry) => log.push(entry) }
    vi.spyOn(Headers.prototype, 'set').mockImplementationOnce(() => {
      throw new Error('no such header')
    })
    const body = { model: 'static', messages, stream: true }
    const { handler, answer } = handled('/v1/chat/completions', body, host)
    const response = await answer
    expect(response.status).toBe(500)
    expect(log).toMatchObject([{ status: 500, outcome: 'failed', cause: 'no such header' }])
    const startedAt = performance.now()
    await handler.drain(5_000)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    vi.restoreAllMocks()
  })

  it.each([true, false])(
    'a log that throws is no reason not to answer; stream: %s',
    async (stream) => {
      const log = () => {
        throw new Error('the disk is full')
      }
      const body = { model: 'static', messages, stream }
      const { handler, answer } = handled('/v1/chat/completions', body, { log })
      const response = await answer
      expect(response.status).toBe(200)
      expect(await response.text()).toContain(stream ? 'data: [DONE]' : '"stop"')
      const startedAt = performance.now()
      await handler.drain(5_000)
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    },
  )
})
