import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

type Answers = Record<string, (body: unknown) => unknown>

const library = { id: 'm:latest', object: 'model', created: 1, owned_by: 'library' }

/** Sluices by host name and what else answers; what a function throws or returns is the answer. */
function network(sluices: Record<string, string[]>, servers: Record<string, Answers>) {
  const asked: string[] = []
  const handlers = new Map(
    Object.entries(sluices).map(([name, upstreams]) => {
      const upstream = upstreams.map((label) => ({ label, url: `http://${label}/v1` }))
      const host = { fetch: send, authenticate: () => ({ name: 'ann' }) }
      return [name, createHostedHandler({ upstream, discover: false }, host)] as const
    }),
  )
  async function send(url: string, init: RequestInit = {}): Promise<Response> {
    const { hostname, pathname } = new URL(url)
    asked.push(`${hostname} ${pathname}`)
    const handler = handlers.get(hostname)
    if (handler) return handler.fetch(new Request(url, init))
    const answer = servers[hostname]?.[pathname]
    if (answer === undefined) return new Response('404 page not found', { status: 404 })
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    const gone = new Promise<never>((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(new Error('aborted')))
    })
    const made = await Promise.race([answer(body), gone])
    return made instanceof Response ? made : Response.json(made)
  }
  const ask = async (name: string, path: string, body?: object) => {
    const response = await send(`http://${name}/api/${path}`, {
      headers: { 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as never }
  }
  return { asked, ask }
}

const models = () => ({ data: [library] })

describe('an Ollama that answers with something else', () => {
  const odd: [string, unknown][] = [
    ['no models', {}],
    ['a list', []],
    ['null', null],
    ['a text', new Response('hello')],
    ['an error', new Response('{"error":"busy"}', { status: 500 })],
    ['models of no form', { models: [null, 'm:latest', 5, { name: 5 }, { model: null }] }],
    [
      'fields of no form',
      {
        models: [
          {
            ...{ name: 'm:latest', size: -1, digest: 7, modified_at: {}, details: [] },
            ...{ capabilities: ['tools', 5], size_vram: 'x', expires_at: null },
          },
        ],
      },
    ],
  ]

  it.each(odd)('is listed as any other server: %s', async (_, answer) => {
    const copy = () => (answer instanceof Response ? answer.clone() : answer)
    const { ask } = network(
      { a: ['gpu'] },
      { gpu: { '/v1/models': models, '/api/tags': copy, '/api/ps': copy, '/api/show': copy } },
    )
    const { status, body } = await ask('a', 'tags')
    expect(status).toBe(200)
    expect((body as { models: object[] }).models[0]).toEqual({
      ...{ name: 'm:latest', model: 'm:latest', size: 0, modified_at: '1970-01-01T00:00:01.000Z' },
      digest: expect.stringMatching(/^[\da-f]{64}$/),
      details: {
        ...{ parent_model: '', format: '', family: '', families: [] },
        ...{ parameter_size: '', quantization_level: '' },
      },
      capabilities: ['completion', 'tools'],
    })
    expect((await ask('a', 'ps')).status).toBe(200)
    expect(await ask('a', 'show', { model: 'm' })).toMatchObject({
      status: 200,
      body: { model_info: { 'general.architecture': 'unknown' }, template: '' },
    })
  })

  it('is not waited for beyond two seconds', async () => {
    const silent = () => new Promise(() => {})
    const { ask } = network({ a: ['gpu'] }, { gpu: { '/v1/models': models, '/api/tags': silent } })
    const { body } = await ask('a', 'tags')
    expect(body).toMatchObject({ models: [{ name: 'm:latest', size: 0 }, { name: 'static' }] })
  })
})

describe('a sluice', () => {
  const gpu: Answers = {
    '/v1/models': models,
    '/api/tags': () => ({ models: [{ name: 'm:latest', size: 7, capabilities: ['thinking'] }] }),
    '/api/show': (body) => ({ model_info: { 'general.architecture': 'llama', asked: body } }),
  }

  it('tells what the Ollama behind another one says, also to the first request', async () => {
    const { ask } = network({ a: ['b'], b: ['gpu'] }, { gpu })
    expect((await ask('a', 'tags')).body).toMatchObject({
      models: [{ name: 'm:latest', size: 7, capabilities: ['thinking'] }, { name: 'static' }],
    })
    expect((await ask('a', 'show', { model: 'm' })).body).toMatchObject({
      model_info: { asked: { model: 'm:latest', verbose: false } },
    })
  })

  it('asks no third one', async () => {
    const { ask, asked } = network({ a: ['b'], b: ['c'], c: ['gpu'] }, { gpu })
    expect((await ask('a', 'tags')).body).toMatchObject({ models: [{ size: 0 }, {}] })
    expect(asked.filter((each) => each.endsWith('/api/tags'))).toEqual([
      'a /api/tags',
      'b /api/tags',
    ])
  })
})
