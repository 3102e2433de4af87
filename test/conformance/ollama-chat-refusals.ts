import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ask, model, png, postOllama } from '../support/ollama.ts'
import type { Relay } from '../support/relay.ts'
import { type HostName, useServer } from '../support/server.ts'

async function refused(response: Response, status: number): Promise<string> {
  const text = await response.text()
  expect(response.status, text).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
  const body = JSON.parse(text) as { error: string }
  expect(body).toEqual({ error: expect.stringMatching(/\S/) })
  return body.error
}

export function ollamaRefusals(host: HostName, relay: Relay): void {
  it.each<[string, object, string?]>([
    ['messages', { messages: 'x' }],
    ['messages[0].role', { messages: [{ content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: [{ type: 'text' }] }] }],
    ['messages[0].images[1]', { messages: [{ role: 'user', images: [png, 'cat.png'] }] }],
    ['think', { think: 'hard' }],
    ['format', { format: 'xml' }],
    ['options', { options: [] }],
    ['options.num_predict', { options: { num_predict: 'many' } }],
    ['keep_alive', { keep_alive: {} }],
    ['stream', { stream: 'no' }],
    ['tools[0].function', { tools: [{ name: 'f' }] }],
    ['images[0]', { images: ['!'] }, 'generate'],
    ['template', { template: '{{ .Prompt }}' }, 'generate'],
    ['context', { context: [1, 2] }, 'generate'],
    ['format', { raw: true, format: 'json' }, 'generate'],
    ['system', { suffix: 'x', system: 'Be brief.' }, 'generate'],
    ['images', { raw: true, images: [png] }, 'generate'],
    ['_debug_render_only', { _debug_render_only: true }],
  ])('name the field: %s', async (field, body, path = 'chat') => {
    const message = await refused(await postOllama(relay, body, path), 400)
    expect(message.startsWith(`${field}: expected `), message).toBe(true)
  })

  it('are made before the body is read, and for what is not there', async () => {
    const url = `${relay.server.url}/api/chat`
    await refused(await fetch(url, { method: 'POST', body: 'x' }), 415)
    await refused(await fetch(url), 405)
    await refused(await fetch(`${url}/more`), 404)
    const body = JSON.stringify(ask)
    const headers = { 'content-type': 'application/json', origin: 'https://evil.example' }
    await refused(await fetch(url, { method: 'POST', headers, body }), 403)
  })

  it('are 404 for a model that nobody serves, which clients offer to pull then', async () => {
    for (const [path, body] of [
      ['chat', {}],
      ['generate', {}],
      ['generate', { prompt: '' }],
    ] as const) {
      await refused(await postOllama(relay, { ...body, model: 'nobody' }, path), 404)
    }
  })

  describe('with keys', () => {
    const key = 'secret-key-of-ann'
    const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`
    const server = useServer(host, ['--static-delay', '0'], {
      SLUICE_KEYS: JSON.stringify([
        { name: 'ann', hash, models: ['static'], requestsPerMinute: 3 },
      ]),
    })
    const post = (body: object, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/api/chat`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...ask, model: 'static', ...body }),
      })

    it('are those of keys, of their models and of their limits', async () => {
      const authorization = `Bearer ${key}`
      await refused(await post({}), 401)
      await refused(await post({}, { authorization: 'Bearer wrong' }), 401)
      await refused(await post({ model }, { authorization }), 403)
      const answered = await post({}, { authorization })
      expect(await answered.text()).toContain('"done":true')
      await post({}, { authorization })
      const limited = await post({}, { authorization })
      expect(limited.headers.get('retry-after')).toMatch(/^\d+$/)
      await refused(limited, 429)
    })
  })
}
