import { Router } from 'itty-router'
import { beforeAll, describe, expect, it } from 'vitest'
import { createHandler, type Handler } from '../../../src/handler.ts'
import type { Files } from '../../../src/platform/files.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { belowBase } from '../../../src/util/base-path.ts'

const files: Record<string, string> = {
  'index.html': '<p>The page</p>',
  'openapi.json': '{"openapi":"3.1.1","servers":[{"url":"/"}],"paths":{}}',
  'assets/a.js': 'let a',
}
const lent: Files = async (name) => {
  return files[name] === undefined ? undefined : new TextEncoder().encode(files[name])
}

const origin = 'http://sluice.example'
const log: LogEntry[] = []
let handler: Handler
beforeAll(() => {
  handler = createHandler({
    basePath: '/my.ai/now',
    insecure: true,
    staticDelay: 0,
    allowOrigin: ['http://page.example'],
    files: lent,
    log: (entry) => log.push(entry),
  })
})

function get(path: string, init?: RequestInit): Promise<Response> {
  return handler.fetch(new Request(origin + path, init))
}

function chat(path: string): Request {
  return new Request(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'static', messages: [{ role: 'user', content: 'Hi' }] }),
  })
}

it.each([
  ['/ai/v1/models', '/ai', '/v1/models'],
  ['/ai', '/ai', '/'],
  ['/aim/v1', '/ai', '/aim/v1'],
  ['/v1/models', '/ai', '/v1/models'],
  ['/v1/models', '', '/v1/models'],
  ['/', '', '/'],
])('%s below %j is %s', (path, base, below) => {
  expect(belowBase(path, base)).toBe(below)
})

describe('below a base path', () => {
  it('is answered with the prefix, and without it where a router took it away', async () => {
    for (const path of ['/my.ai/now/v1/chat/completions', '/v1/chat/completions']) {
      expect((await handler.fetch(chat(path))).status).toBe(200)
      expect(log.at(-1)?.path).toBe(path)
    }
    // A dot in it is no wildcard.
    const other = await handler.fetch(chat('/myxai/now/v1/chat/completions'))
    expect(other.status).toBe(404)
  })

  it('answers HEAD, and a preflight with the methods of the route', async () => {
    expect((await get('/my.ai/now/v1/models', { method: 'HEAD' })).status).toBe(200)
    const preflight = await get('/my.ai/now/v1/chat/completions', {
      method: 'OPTIONS',
      headers: { origin: 'http://page.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS')
    const unknown = await get('/my.ai/now/v1/unknown', { method: 'OPTIONS' })
    expect(unknown.status).toBe(404)
    expect((await get('/my.ai/now/v1/chat/completions')).status).toBe(405)
  })

  it('speaks Anthropic’s way where that API is asked', async () => {
    const response = await get('/my.ai/now/v1/messages', { method: 'POST', body: '{' })
    expect(await response.json()).toMatchObject({ type: 'error' })
    expect(response.headers.get('request-id')).toBeTruthy()
  })

  it('refuses a request that comes back to it', async () => {
    const handler: Handler = createHandler({
      basePath: '/ai',
      insecure: true,
      upstream: ['http://loop.example/ai/v1'],
      // Whatever it asks for comes back to itself.
      fetch: (url, { headers = {}, ...init }) =>
        handler.fetch(new Request(url, { ...init, headers })),
    })
    const { fetch } = handler
    const models = await fetch(new Request('http://loop.example/ai/v1/models'))
    expect(await models.json()).toMatchObject({ data: [{ id: 'static' }] })
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
    const headers = { 'content-type': 'application/json' }
    const asked = { method: 'POST', headers, body }
    const response = await fetch(new Request('http://loop.example/ai/v1/chat/completions', asked))
    expect(response.status).toBe(508)
  })

  it('has a page whose relative links lead below it', async () => {
    const moved = await get('/my.ai/now?a=1')
    expect(moved.status).toBe(308)
    expect(moved.headers.get('location')).toBe('/my.ai/now/?a=1')
    expect(await (await get('/my.ai/now/')).text()).toBe(files['index.html'])
    expect(await (await get('/my.ai/now/assets/a.js')).text()).toBe('let a')
    expect(await (await get('/')).text()).toBe(files['index.html'])
  })

  it('has links and a line to copy that name it', async () => {
    const status = await (await get('/my.ai/now/status')).text()
    expect(status).toContain('href="/my.ai/now/openapi.html"')
    expect(status).toContain('href="/my.ai/now/v1/models"')
    expect(status).toContain('href="/my.ai/now/health"')
    expect(status).toContain(`${origin}/my.ai/now/v1/chat/completions`)
    expect(status).not.toContain('href="/v1')
  })

  it('is named where a path is unknown', async () => {
    const text = await (await get('/my.ai/now/v2/models')).text()
    expect(text).toContain('The API is below /my.ai/now/v1: POST /my.ai/now/v1/chat/completions')
  })

  it('has an API description whose server is there', async () => {
    const response = await get('/my.ai/now/openapi.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({ servers: [{ url: '/my.ai/now/' }] })
    const without = createHandler({ basePath: '/ai', insecure: true })
    expect((await without.fetch(new Request(`${origin}/ai/openapi.json`))).status).toBe(404)
  })
})

it('is a route of itty-router', async () => {
  const { fetch } = createHandler({ basePath: '/ai', insecure: true, staticDelay: 0 })
  const router = Router()
  router.get('/hello', () => new Response('hello')).all('/ai/*', fetch)
  expect(await (await router.fetch(new Request(`${origin}/hello`))).text()).toBe('hello')
  expect((await router.fetch(chat('/ai/v1/chat/completions'))).status).toBe(200)
})
