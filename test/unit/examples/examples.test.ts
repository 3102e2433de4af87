import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticate } from '../../../examples/authenticate/main.ts'
import { reversed } from '../../../examples/custom-engine/main.ts'
import { sentence } from '../../../examples/fixed-sentence/engine.ts'
import { server as student } from '../../../examples/fixed-sentence/server.ts'
import hono from '../../../examples/hono/main.ts'
import itty from '../../../examples/itty-router/main.ts'
import * as nextjs from '../../../examples/nextjs/app/ai/[[...path]]/route.ts'
import { createHandler } from '../../../src/index.ts'
import { eventsOf } from '../../support/custom.ts'

const origin = 'http://example.com'

function chat(path: string, model: string, content = 'Hi', headers = {}): Request {
  return new Request(`${origin}${path}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content }] }),
  })
}

/** The text that a stream brought; it must have ended well. */
async function textOf(response: Response): Promise<string> {
  expect(response.status).toBe(200)
  const events = await eventsOf(response)
  expect(events.at(-1)).toBe('[DONE]')
  const chunks = events.slice(0, -1) as { choices: { delta: { content?: string } }[] }[]
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}

describe.each([
  ['hono', (request: Request) => hono.fetch(request)],
  ['itty-router', (request: Request) => itty.fetch(request)],
])('%s', (_, fetch) => {
  it('answers its own routes', async () => {
    expect(await (await fetch(new Request(`${origin}/`))).text()).toContain('below /ai/v1')
    expect((await fetch(new Request(`${origin}/v1/models`))).status).toBe(404)
  })

  it('answers the API below its prefix', async () => {
    expect(await textOf(await fetch(chat('/ai/v1', 'static')))).toMatch(/^Water finds/)
    const status = await (await fetch(new Request(`${origin}/ai/status`))).text()
    expect(status).toContain('href="/ai/v1/models"')
    const missing = await fetch(new Request(`${origin}/ai/v1/unknown`))
    expect(missing.headers.get('x-request-id')).toBeTruthy()
  })
})

it('nextjs: has a route handler for each method, which refuses strangers in production', async () => {
  expect(Object.keys(nextjs).sort()).toEqual(
    ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'dynamic'].sort(),
  )
  // As Next.js calls it: the request, and the parameters of the path.
  const params = { params: Promise.resolve({ path: ['health'] }) }
  const health = await nextjs.GET(new Request(`${origin}/ai/health`), params)
  expect(health.status).toBe(200)
  const refused = await nextjs.POST(chat('/ai/v1', 'static'), params)
  expect(refused.status).toBe(503)
  expect(await refused.text()).toContain('keys_missing')
})

it('custom-engine: answers in every API', async () => {
  const { fetch } = createHandler({ engines: [reversed], insecure: true })
  expect(await textOf(await fetch(chat('/v1', 'reversed', 'one two three')))).toBe('three two one ')
  const asked = { model: 'reversed', input: 'a b' }
  const response = await fetch(
    new Request(`${origin}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    }),
  )
  expect(await response.json()).toMatchObject({
    status: 'completed',
    usage: { input_tokens: 2, output_tokens: 2 },
  })
})

it('authenticate: lets users in, each as far as the plan goes', async () => {
  const { fetch } = createHandler({ authenticate, staticDelay: 0 })
  const ask = (token: string, model = 'static') =>
    fetch(chat('/v1', model, 'Hi', { authorization: `Bearer ${token}` }))
  expect((await ask('token-of-ann', 'other')).status).toBe(404)
  expect((await ask('token-of-bob', 'other')).status).toBe(403)
  expect((await ask('token-of-bob')).status).toBe(200)
  expect((await ask('token-of-bob')).status).toBe(429)
  expect((await ask('token-of-eve')).status).toBe(402)
  expect((await ask('token-of-mallory')).status).toBe(401)
})

describe('fixed-sentence', () => {
  let url: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => student.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(student.address() as AddressInfo).port}`
  })
  afterAll(() => student.close())

  it('streams one word every 100 ms, to curl and to a browser', async () => {
    const reader = (await fetch(`${url}/events`)).body?.getReader()
    const arrivals: number[] = []
    while (!(await reader?.read())?.done) arrivals.push(performance.now())
    // Its seven words, each by itself.
    expect(arrivals.length).toBeGreaterThanOrEqual(7)
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(500)
    expect(await (await fetch(url)).text()).toContain("new EventSource('/events')")
  })

  it('is an upstream, which sluice has nothing to repair in', async () => {
    const repaired: unknown[] = []
    const sluice = createHandler({
      upstream: [`${url}/v1`],
      insecure: true,
      log: (entry) => repaired.push(entry.repaired),
    })
    const text = await textOf(await sluice.fetch(chat('/v1', 'sentence')))
    expect(text).toBe('Water finds its way word by word. ')
    expect(repaired).toEqual([undefined])
  })

  it('is an engine', async () => {
    const { fetch } = createHandler({ engines: [sentence], insecure: true })
    const text = await textOf(await fetch(chat('/v1', 'sentence')))
    expect(text).toBe('Water finds its way word by word. ')
  })
})
