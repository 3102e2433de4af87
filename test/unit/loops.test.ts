import { describe, expect, it } from 'vitest'
import type { Handler } from '../../src/handler.ts'
import { createHostedHandler } from '../../src/handler.ts'
import type { Fetch } from '../../src/platform/fetch.ts'

/** Handlers by host name; each one's upstreams are reached by name too. */
function network(upstreams: Record<string, string[]>) {
  const handlers: Record<string, Handler> = {}
  const sent: { to: string; path: string; hops: string | null }[] = []
  const fetchOf: Fetch = async (url, init) => {
    const request = new Request(url, init)
    const { hostname, pathname } = new URL(url)
    sent.push({ to: hostname, path: pathname, hops: request.headers.get('x-sluice-hop') })
    const handler = handlers[hostname]
    if (handler === undefined) return engine(request)
    return handler.fetch(request)
  }
  for (const [name, urls] of Object.entries(upstreams)) {
    const upstream = urls.map((label) => ({ label, url: `http://${label}/v1` }))
    handlers[name] = createHostedHandler(
      { upstream, discover: false, retry: true },
      { fetch: fetchOf, authenticate: () => ({ name: 'ann', admin: true }) },
    )
  }
  const get = (name: string, path: string, headers: Record<string, string> = {}) =>
    (handlers[name] as Handler).fetch(new Request(`http://${name}${path}`, { headers }))
  const post = (name: string, path: string, body: object, headers: Record<string, string> = {}) =>
    (handlers[name] as Handler).fetch(
      new Request(`http://${name}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    )
  return { sent, get, post }
}

const messages = [{ role: 'user', content: 'Hi' }]

/** Lists one model and says one word, in every API that is asked here. */
async function engine(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname.endsWith('/models')) return Response.json({ data: [{ id: 'm' }] })
  const asked = (await request.json()) as { stream?: boolean; model?: string }
  const common = { id: 'a', created: 1, model: asked.model }
  if (pathname.endsWith('/embeddings')) {
    return Response.json({
      ...{ object: 'list', model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 } },
      data: [{ object: 'embedding', index: 0, embedding: [1] }],
    })
  }
  if (pathname.endsWith('/count_tokens')) return Response.json({ input_tokens: 7 })
  if (pathname.endsWith('/chat/completions') && !asked.stream) {
    const message = { role: 'assistant', content: 'word' }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    return Response.json({ ...common, object: 'chat.completion', choices })
  }
  if (pathname.endsWith('/chat/completions')) {
    const choices = [{ index: 0, delta: { content: 'word' }, finish_reason: 'stop' }]
    const chunk = { ...common, object: 'chat.completion.chunk', choices }
    const headers = { 'content-type': 'text/event-stream' }
    return new Response(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`, { headers })
  }
  const choices = [{ index: 0, text: 'word', finish_reason: 'stop' }]
  return Response.json({ ...common, object: 'text_completion', choices })
}

describe('sluices in a row', () => {
  it('list and answer as one, and tell each other which they are', async () => {
    const { get, post, sent } = network({ a: ['b'], b: ['c'], c: ['gpu'] })
    const list = (await (await get('a', '/v1/models')).json()) as { data: { id: string }[] }
    expect(list.data.map(({ id }) => id)).toEqual(['m', 'static'])
    const streamed = await post('a', '/v1/chat/completions', { model: 'm', messages, stream: true })
    expect(streamed.status).toBe(200)
    expect(await streamed.text()).toMatch(/"word"[\s\S]*data: \[DONE\]\n\n$/)
    const [atB, atC, atGpu] = sent.filter(({ path }) => path.endsWith('/completions'))
    const hops = atGpu?.hops?.split(', ') ?? []
    expect(new Set(hops).size).toBe(3)
    expect(atC?.hops).toBe(hops.slice(0, 2).join(', '))
    expect(atB?.hops).toBe(hops[0])
  })

  it.each([
    ['/v1/chat/completions', { messages }],
    ['/v1/completions', { prompt: 'Hi' }],
    ['/v1/embeddings', { input: 'Hi' }],
    ['/v1/messages', { messages, max_tokens: 5 }],
    ['/v1/messages/count_tokens', { messages }],
    ['/v1/responses', { input: 'Hi' }],
  ])('answer %s', async (path, body) => {
    const { post, sent } = network({ a: ['b'], b: ['gpu'] })
    const response = await post('a', path, { model: 'm', ...body })
    expect(response.status, await response.clone().text()).toBe(200)
    await response.text()
    const last = sent.filter(({ to, path: at }) => to === 'gpu' && !at.endsWith('/models')).at(-1)
    expect(last?.hops?.split(', ')).toHaveLength(2)
  })

  it('may be nine, and no more', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const row = (all: string[]) =>
      Object.fromEntries(all.map((name, at) => [name, [all[at + 1] ?? 'gpu']]))
    const ask = { model: 'm', messages }
    const nine = network(row(names))
    expect((await nine.post('a', '/v1/chat/completions', ask)).status).toBe(200)
    const ten = network(row([...names, 'j']))
    const refused = await ten.post('a', '/v1/chat/completions', ask)
    expect(refused.status).toBe(508)
    expect(await refused.json()).toMatchObject({ error: { code: 'loop_detected' } })
  })
})

describe('a loop', () => {
  it.each([true, false])('through two sluices is 508, at once; stream: %s', async (stream) => {
    const { post, sent } = network({ a: ['b'], b: ['a'] })
    const begin = performance.now()
    const response = await post('a', '/v1/chat/completions', { model: 'x', messages, stream })
    expect(response.status).toBe(508)
    expect(await response.json()).toMatchObject({ error: { code: 'loop_detected' } })
    expect(performance.now() - begin).toBeLessThan(500)
    expect(sent.filter(({ path }) => path.endsWith('/completions'))).toHaveLength(2)
  })

  it('keeps nobody from listing models, or from asking whether it is ready', async () => {
    const { get } = network({ a: ['b', 'gpu'], b: ['a'] })
    const begin = performance.now()
    const lists = await Promise.all([get('a', '/v1/models'), get('b', '/v1/models')])
    for (const response of lists) {
      const { data } = (await response.json()) as { data: { id: string }[] }
      expect(data.map(({ id }) => id)).toEqual(['m', 'static'])
    }
    expect((await get('a', '/health/ready')).status).toBe(200)
    expect(performance.now() - begin).toBeLessThan(1_000)
  })

  it('does not go round where models are listed as Ollama does, nor is one asked twice', async () => {
    const { get, sent } = network({ a: ['b', 'gpu'], b: ['a', 'gpu'] })
    for (const path of ['/api/tags', '/api/ps', '/api/tags']) {
      const { models } = (await (await get('a', path)).json()) as { models: { name: string }[] }
      if (path === '/api/tags') expect(models.map(({ name }) => name)).toEqual(['m', 'static'])
    }
    const asked = sent.filter(({ path }) => path.startsWith('/api/'))
    expect(asked.map(({ to, path }) => `${to} ${path}`)).toEqual([
      ...['b /api/tags', 'b /api/ps', 'b /api/tags'],
    ])
  })

  it('does not multiply where many list each other', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const others = (name: string) => [...names.filter((each) => each !== name), 'gpu']
    const { get, sent } = network(Object.fromEntries(names.map((name) => [name, others(name)])))
    for (const name of names) await get(name, '/v1/models')
    sent.length = 0
    const begin = performance.now()
    const { data } = (await (await get('a', '/v1/models')).json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(['m', 'static'])
    expect(sent.length).toBeLessThan(names.length ** 2 + 1)
    expect(performance.now() - begin).toBeLessThan(1_000)
  })

  it('is left by another way, and not held against who leads back', async () => {
    const { post, get } = network({ a: ['b', 'gpu'], b: ['a', 'gpu'] })
    for (let round = 0; round < 12; round++) {
      const response = await post('b', '/v1/chat/completions', { model: 'm', messages })
      expect(response.status).toBe(200)
    }
    const { engines } = (await (await get('a', '/health')).json()) as {
      engines: { engine: string; state: string }[]
    }
    expect(engines.find(({ engine: label }) => label === 'b')?.state).toBe('up')
  })
})

describe('a list of hops', () => {
  const status = async (hops: string) =>
    (await network({ a: ['gpu'] }).get('a', '/v1/models', { 'x-sluice-hop': hops })).status

  it.each(['1', '', ' , ,', 'a b, "c"; d', 'ünreadable', 'x'.repeat(500)])(
    'may hold anything that is short: %s',
    async (hops) => {
      const passed = network({ a: ['gpu'] })
      const sent = encodeURI(hops) === hops ? hops : 'caf\u00e9'
      const ask = { model: 'm', messages }
      const response = await passed.post('a', '/v1/chat/completions', ask, { 'x-sluice-hop': sent })
      expect(response.status).toBe(200)
      for (const one of passed.sent) expect(one.hops).toMatch(/^[\w.-]+(, [\w.-]+)*$/)
    },
  )

  it.each([Array(9).fill('1').join(), 'x'.repeat(601)])('that is too long is 508', async (hops) => {
    expect(await status(hops)).toBe(508)
  })
})
