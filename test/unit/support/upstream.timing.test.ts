import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { postChat, rawRequest, readStream } from '../../support/read.ts'
import type { Step } from '../../support/script.ts'
import { closedPort, startUpstream, type Upstream } from '../../support/upstream.ts'

const frames = 'data: {"a":1}\n\ndata: [DONE]\n\n'

let upstream: Upstream

beforeEach(async () => {
  upstream = await startUpstream()
})

afterEach(() => upstream.close())

function play(...steps: Step[]): Promise<Response> {
  return postChat(upstream.url, { script: { steps } })
}

describe('a script', () => {
  it('sends what it says, with its status and headers', async () => {
    const script = {
      status: 418,
      headers: { 'content-type': 'text/plain', 'x-teapot': 'yes' },
      steps: [{ send: 'é' }, { base64: '/w==' }, { chunk: { a: 1 } }],
    }
    const response = await postChat(upstream.url, { script })
    expect(response.status).toBe(418)
    expect(response.headers.get('x-teapot')).toBe('yes')
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.toString('latin1')).toBe('Ã©\xffdata: {"a":1}\n\n')
  })

  it('splits into packets of their own', async () => {
    const script = { steps: [{ split: 4, text: frames, pause: 3 }] }
    const client = await rawRequest({ port: upstream.port, body: { stream: true, script } })
    await client.waitFor('\r\n0\r\n\r\n')
    const sizes = [...client.text().matchAll(/\r\n([0-9a-f]+)\r\n/g)].map((match) => match[1])
    expect(sizes).toEqual([...Array(Math.floor(frames.length / 4)).fill('4'), '1', '0'])
    expect(client.arrivals.length).toBeGreaterThan(frames.length / 8)
    client.hangUp()
  })

  it('waits, drips and repeats', async () => {
    const started = performance.now()
    const response = await play(
      { repeat: 3, steps: [{ send: 'ab' }, { wait: 20 }] },
      { drip: 'cdé', every: 20 },
    )
    expect(await response.text()).toBe('abababcdé')
    expect(performance.now() - started).toBeGreaterThan(115)
  })

  it('ends, cuts and resets in three different ways', async () => {
    const ended = await readStream(await play({ send: frames }, { end: true }))
    expect(ended).toMatchObject({ outcome: 'finished', broke: undefined })
    for (const step of [{ cut: true }, { reset: true }] as Step[]) {
      const broken = await readStream(await play({ send: frames }, { wait: 30 }, step))
      expect(broken.events).toHaveLength(2)
      expect(broken).toMatchObject({ outcome: 'truncated', broke: expect.any(TypeError) })
    }
    expect(upstream.requests.map((request) => request.broken)).toEqual([undefined, 'cut', 'reset'])
    expect(upstream.requests.map((request) => request.hungUpAt)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('lies about its length', async () => {
    const script = { headers: { 'content-length': '99' }, steps: [{ send: frames }] }
    const read = await readStream(await postChat(upstream.url, { script }))
    expect(read.events).toHaveLength(2)
    expect(read.broke).toBeInstanceOf(TypeError)
  })

  it('keeps its headers back', async () => {
    const started = performance.now()
    await postChat(upstream.url, { script: { headersAfter: 50, steps: [] } })
    expect(performance.now() - started).toBeGreaterThan(45)
    const signal = AbortSignal.timeout(100)
    const never = { headersAfter: 'never', steps: [] }
    await expect(postChat(upstream.url, { script: never }, { signal })).rejects.toThrow()
    const [, request] = upstream.requests
    await request?.closedWithin(1_000)
  })
})

describe('a client that leaves', () => {
  it.each(['close', 'reset'] as const)('is seen at once: %s', async (how) => {
    const script = { steps: [{ send: frames }, { hang: true }] }
    const client = await rawRequest({ port: upstream.port, body: { stream: true, script } })
    await client.waitFor('[DONE]')
    const request = await upstream.next()
    expect(request.hungUpAt).toBeUndefined()
    const left = client.hangUp(how)
    expect((await request.closedWithin(1_000)) - left).toBeLessThan(100)
    expect(request.finished).toBe(false)
  })

  it('is not seen where it stays to the end', async () => {
    const response = await play({ send: frames })
    await response.text()
    const request = await upstream.next()
    await expect(request.closedWithin(50)).rejects.toThrow('did not hang up')
    expect(request.finished).toBe(true)
    expect(request.sentBytes).toBe(frames.length)
  })
})

describe('a flood', () => {
  const text = `data: ${'x'.repeat(1_000)}\n\n`

  it('ends at its count, in whole pieces', async () => {
    const response = await play({ flood: { text, count: 5_000 } })
    expect((await response.arrayBuffer()).byteLength).toBe(5_000 * text.length)
    expect((await upstream.next()).sentBytes).toBe(5_000 * text.length)
  })

  it('ends at its bytes, and not before', async () => {
    const response = await play({ flood: { text, bytes: 100_000 } })
    expect((await response.arrayBuffer()).byteLength).toBe(100 * text.length)
  })

  it('stops while the reader does, goes on with it, and ends when it leaves', async () => {
    const script = { steps: [{ flood: { text, bytes: 1e12 } }] }
    const client = await rawRequest({ port: upstream.port, body: { stream: true, script } })
    const request = await upstream.next()
    await client.waitFor('data: ')
    client.pause()
    const stalled = await steady(() => request.sentBytes)
    expect(stalled).toBeLessThan(64e6)
    client.resume()
    await until(() => request.sentBytes > stalled + 1e6)
    client.hangUp()
    await request.closedWithin(1_000)
  })
})

describe('the server', () => {
  it('lists its models and finds one by its encoded id', async () => {
    upstream.models = [{ id: 'qwen/qwen3:8b', object: 'model', created: 1, owned_by: 'me' }]
    const list = await fetch(`${upstream.url}/models`)
    expect(await list.json()).toEqual({ object: 'list', data: upstream.models })
    const one = await fetch(`${upstream.url}/models/qwen%2Fqwen3:8b`)
    expect(await one.json()).toEqual(upstream.models[0])
    expect((await fetch(`${upstream.url}/models/nobody`)).status).toBe(404)
  })

  it('records what came', async () => {
    await postChat(upstream.url, { user: 'a' }, { headers: { 'x-test': 'b' } })
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'x-test': 'b' },
      body: { user: 'a', stream: true },
    })
  })

  it('hands out each request once, early or late', async () => {
    const isB = (request: { body: unknown }) => (request.body as { user?: string }).user === 'b'
    const late = upstream.next(isB)
    await postChat(upstream.url, { user: 'a' })
    await postChat(upstream.url, { user: 'b' })
    expect(await late).toBe(upstream.requests[1])
    expect(await upstream.next()).toBe(upstream.requests[0])
    await expect(upstream.next(undefined, 20)).rejects.toThrow('within 20 ms')
  })

  it('speaks its own script where a request has none', async () => {
    upstream.script = { steps: [{ send: 'own' }] }
    expect(await (await postChat(upstream.url, {})).text()).toBe('own')
  })

  it('accepts and says nothing', async () => {
    const silent = await startUpstream({ silent: true })
    const signal = AbortSignal.timeout(100)
    await expect(fetch(`${silent.url}/models`, { signal })).rejects.toThrow('timeout')
    await until(() => silent.connections() === 0)
    await silent.close()
  })

  it('refuses on a closed port', async () => {
    const refused = rawRequest({ port: await closedPort() })
    await expect(refused).rejects.toThrow('ECONNREFUSED')
  })
})

/** The value once it has stayed the same for 150 ms. */
async function steady(value: () => number): Promise<number> {
  for (;;) {
    const before = value()
    await new Promise((resolve) => setTimeout(resolve, 150))
    if (value() === before) return before
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 300) throw new Error('It never held.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
