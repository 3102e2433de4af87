import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { writeOpenapi } from '../../scripts/openapi/main.ts'
import { pageFolders } from '../../src/hosts/location.ts'
import { VERSION } from '../../src/version.ts'
import { needs } from '../support/hosts.ts'
import { rawRequest } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const chat = '/v1/chat/completions'
const pages = [
  ...['/', '/status', '/health', '/health/ready', '/v1/models', '/v1/models/static'],
  ...['/openapi.json', '/openapi.html'],
]
const ids = ['Qwen/Qwen3-8B', 'static', 'org/deep/er/model:tag', 'with space & ümlaut', 'a%2Fb']

/** Every route, and what is answered where there is none. */
export function routes(host: HostName): void {
  let upstream: Upstream
  const server = useServerWith(host, async () => {
    // workerd serves what is on disk, where a build puts these.
    const folder = pageFolders.findLast(existsSync)
    if (host === 'workerd' && folder) writeOpenapi(fileURLToPath(folder))
    upstream = await startUpstream({
      persona: 'vllm',
      models: [...ids.filter((id) => id !== 'static'), 'llama3.2:latest'].map((id) => ({
        id,
        object: 'model',
        created: 1,
        owned_by: 'tests',
      })),
    })
    return { flags: ['--upstream', `lab=${upstream.url}`] }
  })
  afterAll(() => upstream.close())
  const get = (path: string, init?: RequestInit) => fetch(server.url + path, init)
  const raw = async (method: string, path: string, headers = {}) => {
    const request = {
      port: server.port,
      method,
      path,
      headers: { connection: 'close', ...headers },
    }
    const response = await rawRequest(request)
    await response.closed
    return response
  }

  describe('what there is', () => {
    it('shows a page that says which engines and models run here, and what to type', async () => {
      const response = await get('/status')
      const html = await response.text()
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(html).toMatch(/^<!doctype html>/)
      for (const word of ['lab', 'Qwen/Qwen3-8B', 'static', `curl -N ${server.base}`]) {
        expect(html).toContain(word)
      }
    })

    it('describes itself: a document for programs, and a page of it for people', async () => {
      const response = await get('/openapi.json')
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(await response.json()).toMatchObject({
        openapi: expect.stringMatching(/^3\.1\./),
        info: { version: VERSION },
        paths: { [chat]: { post: { operationId: 'createChatCompletion' } } },
      })
      const page = await get('/openapi.html')
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
      expect(await page.text()).toContain(`curl -N http://127.0.0.1:8787${chat}`)
      expect(await (await get('/status')).text()).toContain('href="/openapi.html"')
    })

    it('is healthy', async () => {
      const response = await get('/health')
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({
        status: 'ok',
        version: VERSION,
        host: expect.stringContaining(host),
      })
    })

    it('tells how each engine fares, and never its address', async () => {
      for (const path of ['/health', '/health/ready']) {
        const response = await get(path)
        expect(response.status).toBe(200)
        const text = await response.text()
        expect(text).not.toContain('127.0.0.1')
        expect(JSON.parse(text)).toMatchObject({
          status: 'ok',
          waiting: 0,
          engines: [
            { engine: 'lab', state: expect.stringMatching(/^(up|unknown)$/), running: 0 },
            { engine: 'static' },
          ],
        })
      }
    })

    it('lists the models of every engine, static last', async () => {
      const response = await get('/v1/models')
      const { object, data } = (await response.json()) as { object: string; data: ModelEntry[] }
      expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
      expect(object).toBe('list')
      expect(data.at(-1)).toEqual({
        id: 'static',
        object: 'model',
        created: 0,
        owned_by: 'sluice',
        max_output_tokens: expect.any(Number),
      })
      expect(data.map((model) => model.id).sort()).toEqual([...ids, 'llama3.2:latest'].sort())
      for (const model of data) expect(model).toMatchObject({ object: 'model' })
    })

    it('takes a query', async () => {
      expect((await get('/v1/models?limit=1')).status).toBe(200)
      expect((await get('/?x')).status).toBe(200)
    })
  })

  describe('one model', () => {
    it.each(ids)('finds %j by its encoded id', async (id) => {
      const response = await get(`/v1/models/${encodeURIComponent(id)}`)
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ id, object: 'model' })
    })

    it('finds an id whose slashes stand as they are', async () => {
      for (const id of ['Qwen/Qwen3-8B', 'org/deep/er/model:tag']) {
        expect(await (await get(`/v1/models/${id}`)).json()).toMatchObject({ id })
      }
    })

    it('finds name:latest by its name', async () => {
      expect(await (await get('/v1/models/llama3.2')).json()).toMatchObject({
        id: 'llama3.2:latest',
      })
    })

    it('names close matches of an unknown one', async () => {
      const error = await expectError(await get('/v1/models/Qwen%2FQwen3-9B'), 404)
      expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
      expect(error.message).toContain('"Qwen/Qwen3-9B"')
      expect(error.message).toContain('"Qwen/Qwen3-8B"')
    })

    it('refuses an id that is not encoded UTF-8', async () => {
      await expectError(await get('/v1/models/%E0%A4%A'), 400)
      await expectError(await get('/v1/models/%FF'), 400)
    })
  })

  describe('HEAD', () => {
    it.each([...pages, '/nowhere', chat])('%s has the status and headers of GET', async (path) => {
      const [head, full] = [await get(path, { method: 'HEAD' }), await get(path)]
      expect(head.status).toBe(full.status)
      expect(steady(head.headers)).toEqual(steady(full.headers))
      await full.body?.cancel()
    })

    it.each([...pages, '/nowhere'])('%s has no body', needs(host, 'sockets'), async (path) => {
      const response = await raw('HEAD', path)
      expect(response.status()).toBe(path === '/nowhere' ? 404 : 200)
      expect(response.text().split('\r\n\r\n')).toEqual([expect.any(String), ''])
    })
  })

  describe('OPTIONS', () => {
    it.each(pages)('%s takes GET', async (path) => {
      const response = await get(path, { method: 'OPTIONS' })
      expect(response.status).toBe(204)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
      expect(await response.text()).toBe('')
    })

    it('the chat takes POST', async () => {
      const response = await get(chat, { method: 'OPTIONS' })
      expect(response.status).toBe(204)
      expect(response.headers.get('allow')).toBe('POST, OPTIONS')
    })

    it('embeddings take POST', async () => {
      const response = await get('/v1/embeddings', { method: 'OPTIONS' })
      expect(response.headers.get('allow')).toBe('POST, OPTIONS')
      await expectError(await get('/v1/embeddings'), 405)
    })

    it('answers 404 where there is nothing', async () => {
      await expectError(await get('/nowhere', { method: 'OPTIONS' }), 404)
    })
  })

  describe('what there is not', () => {
    it.each([
      '/nowhere',
      '/v1',
      '/v1/chat',
      '/v1/embeddings/x',
      '/v1/chat/completions/x',
      '/healthy',
      '/V1/MODELS',
    ])('is 404 at %s, for GET as for POST', async (path) => {
      for (const init of [{}, { method: 'POST', body: '{}' }, { method: 'DELETE' }]) {
        const error = await expectError(await get(path, init), 404)
        expect(error).toMatchObject({ type: 'invalid_request_error', code: 'not_found' })
        expect(error.message).toContain(path)
      }
    })

    it.each(
      pages.flatMap((path) => ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, path])),
    )('is 405 for %s %s, with what is allowed', async (method, path) => {
      const response = await get(path ?? '', { method })
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      const error = await expectError(response, 405)
      expect(error.code).toBe('method_not_allowed')
      expect(error.message).toContain(method)
    })

    it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('is 405 for %s on the chat', async (method) => {
      const response = await get(chat, { method })
      expect(response.headers.get('allow')).toBe('POST, OPTIONS')
      await expectError(response, 405)
    })

    it.each([
      ['GET', '/%'],
      ['GET', '/v1/models/%'],
      ['GET', '//v1/models'],
      ['GET', '/v1/models/'],
      ['GET', '/v1//models'],
      ['GET', '/?%'],
      ['GET', '/%00'],
      ['GET', `/${'x'.repeat(4_000)}`],
      ['PROPFIND', '/v1/models'],
      ['POST', '/v1/chat/completions/'],
      ['OPTIONS', '*'],
      ['GET', 'http://elsewhere.example/v1/models'],
    ])('does not stumble over %s %s', needs(host, 'sockets'), async (method, path) => {
      const response = await raw(method, path)
      expect(response.status()).toBeGreaterThanOrEqual(200)
      expect(response.status()).toBeLessThan(500)
      expect((await get('/health')).status).toBe(200)
    })

    it('does not stumble over a strange host header', needs(host, 'sockets'), async () => {
      for (const name of ['', 'a b', '[', 'x:y:z', 'ü', '127.0.0.1:99999']) {
        const response = await raw('GET', '/health', { host: name })
        // A runtime may refuse such a request itself, by closing the connection at worst.
        expect(response.status() ?? 400, `host: ${name}`).toBeLessThan(500)
      }
      expect((await get('/health')).status).toBe(200)
    })
  })

  it('names every request by an id of its own', async () => {
    const responses = await Promise.all(
      [...pages, '/nowhere', '/v1/models/nobody', ...pages].map((path) => get(path)),
    )
    const names = responses.map((response) => response.headers.get('x-request-id'))
    for (const name of names) expect(name).toMatch(/^[\w-]{8,}$/)
    expect(new Set(names).size).toBe(names.length)
    await Promise.all(responses.map((response) => response.text()))
  })
}

interface ModelEntry {
  id: string
  object: string
}

/** The headers that say the same at any time. */
function steady(headers: Headers): Record<string, string> {
  const passing = ['date', 'x-request-id', 'connection', 'keep-alive']
  const framing = ['content-length', 'transfer-encoding']
  const entries = [...headers].filter(([name]) => ![...passing, ...framing].includes(name))
  // Deno alone says that it could have compressed.
  return Object.fromEntries(entries.filter(([name]) => name !== 'vary'))
}
