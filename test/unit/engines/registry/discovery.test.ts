import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createDiscovery,
  type DiscoveryOptions,
} from '../../../../src/engines/registry/discovery.ts'
import { closedPort, startUpstream, type UpstreamOptions } from '../../../support/upstream.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function upstream(options: UpstreamOptions = {}) {
  const server = await startUpstream(options)
  closing.push(server.close)
  return server
}

/** A server of any other kind; `listener` may be swapped while it runs. */
async function serve(listener: RequestListener) {
  const handle = { listener, port: 0 }
  const server = createServer((request, response) => handle.listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  handle.port = (server.address() as { port: number }).port
  return handle
}

function discovery(ports: Record<number, string>, more: Partial<DiscoveryOptions> = {}) {
  return createDiscovery({ fetch, lenient: [], known: [], ports, ...more })
}

/** What is found, by label. */
async function look(from: ReturnType<typeof discovery>, ms = 2_000) {
  const found = await from.probeAll(AbortSignal.timeout(ms))
  return Object.fromEntries(
    found.map(({ engine, models, error }) => {
      return [error ? `${engine.label}: ${error.code}` : engine.label, models.map(({ id }) => id)]
    }),
  )
}

const list =
  (...ids: string[]): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ object: 'list', data: ids.map((id) => ({ id })) }))
  }

describe('finding', () => {
  it('looks for llama-server at its ports from before and since October 2026', async () => {
    const looked: string[] = []
    const refusing: typeof fetch = (input) => {
      looked.push(new URL(String(input instanceof Request ? input.url : input)).port)
      return Promise.reject(new TypeError('refused'))
    }
    await createDiscovery({ fetch: refusing, lenient: [], known: [] }).probeAll(
      AbortSignal.timeout(2_000),
    )
    expect(looked).toEqual(expect.arrayContaining(['8080', '9931', '11434', '1234']))
  })

  it('leaves out the addresses of the server itself, also those that come later', async () => {
    const itself = await serve(list('m'))
    const own: string[] = []
    const from = discovery({ [itself.port]: 'vllm' }, { own })
    expect(await look(from)).toEqual({ vllm: ['m'] })
    own.push(`http://127.0.0.1:${itself.port}`)
    const other = discovery({ [itself.port]: 'vllm' }, { own })
    expect(await look(other)).toEqual({})
  })

  it('knows a sluice by its own model, whatever servers it has behind it', async () => {
    const data = [
      { id: 'llama3.2:latest', owned_by: 'library' },
      { id: 'static', owned_by: 'sluice' },
    ]
    const sluice = await serve((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ object: 'list', data }))
    })
    const from = discovery({ [sluice.port]: 'ollama' })
    expect(await look(from)).toEqual({ sluice: ['llama3.2:latest', 'static'] })
  })

  it('finds the servers that run, with their models, and no others', async () => {
    const ollama = await upstream({ persona: 'ollama' })
    const jan = await serve(list('jan-v1'))
    const from = discovery({
      [ollama.port]: 'ollama',
      [await closedPort()]: 'vllm',
      [jan.port]: 'jan',
    })
    expect(await look(from)).toEqual({ ollama: ['llama3.2:latest', 'qwen3:8b'], jan: ['jan-v1'] })
  })

  it('finds nothing where nothing runs', async () => {
    expect(await look(discovery({ [await closedPort()]: 'ollama' }))).toEqual({})
  })

  it.each([
    ['llamaServer', 'llama-server', 'llama-server'],
    ['vllm', 'tabbyapi', 'vllm'],
    ['sglang', 'vllm', 'sglang'],
    ['ollama', 'jan', 'ollama'],
    ['lmStudio', 'lm-studio', 'lm-studio'],
    ['lmStudio', 'llama-server', 'lm-studio'],
  ] as const)('tells %s at the port of %s: %s', async (persona, name, label) => {
    const server = await upstream({ persona })
    expect(Object.keys(await look(discovery({ [server.port]: name })))).toEqual([label])
  })

  it('knows another sluice by the model that it has built in', async () => {
    const own = { id: 'static', object: 'model', created: 0, owned_by: 'sluice' } as const
    const server = await upstream({ models: [own] })
    expect(Object.keys(await look(discovery({ [server.port]: 'jan' })))).toEqual(['sluice'])
  })

  it('finds a server that has no models yet', async () => {
    const server = await upstream({ models: [] })
    expect(await look(discovery({ [server.port]: 'ollama' }))).toEqual({ ollama: [] })
  })

  it('leaves out an upstream that is known anyway', async () => {
    const server = await upstream()
    const from = discovery({ [server.port]: 'ollama' }, { known: [server.url] })
    expect(await look(from)).toEqual({})
    expect(server.requests).toEqual([])
  })

  it('finds the server here though the same port of another machine is known', async () => {
    const server = await upstream({ persona: 'ollama' })
    const known = [`http://192.0.2.1:${server.port}/v1`]
    expect(Object.keys(await look(discovery({ [server.port]: 'ollama' }, { known })))).toEqual([
      'ollama',
    ])
  })

  it('tells the lenient upstream by its label', async () => {
    const done =
      'data: {"id":"a","choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'
    const server = await upstream({ persona: 'ollama', script: { steps: [{ send: done }] } })
    const ask = async (lenient: string[]) => {
      const [found] = await discovery(
        { [server.port]: 'ollama' },
        { lenient, finishReason: 'required' },
      ).probeAll(AbortSignal.timeout(2_000))
      const request = { model: 'qwen3:8b', messages: [], stream: true }
      const answer = await found?.engine.chat(request, AbortSignal.timeout(2_000))
      if (answer?.kind !== 'frames') throw new Error('expected frames')
      let text = ''
      for (;;) {
        const batch = await answer.items.next()
        if (batch.done) return text
        text += Buffer.concat(batch.value).toString()
      }
    }
    await expect(ask([])).rejects.toMatchObject({ code: 'upstream_incomplete' })
    expect(await ask(['ollama'])).toContain('"finish_reason":"stop"')
  })
})

describe('looking again', () => {
  it('keeps the engine and renews its models', async () => {
    const server = await upstream({ persona: 'ollama' })
    const from = discovery({ [server.port]: 'ollama' })
    const [before] = await from.probeAll(AbortSignal.timeout(2_000))
    server.models.push({ id: 'new:1b', object: 'model', created: 1, owned_by: 'library' })
    const [after] = await from.probeAll(AbortSignal.timeout(2_000))
    expect(after?.engine).toBe(before?.engine)
    expect(after?.models.map(({ id }) => id)).toContain('new:1b')
  })

  it('finds a server that starts later, and remembers one that is gone', async () => {
    const port = await closedPort()
    const from = discovery({ [port]: 'ollama' })
    expect(await look(from)).toEqual({})
    const server = await upstream({ persona: 'ollama', port })
    expect(Object.keys(await look(from))).toEqual(['ollama'])
    await server.close()
    const models = ['llama3.2:latest', 'qwen3:8b']
    expect(await look(from)).toEqual({ 'ollama: upstream_unreachable': models })
    const back = await upstream({ persona: 'ollama', port })
    expect(await look(from)).toEqual({ ollama: models })
    await back.close()
    await look(from)
    await upstream({ persona: 'vllm', port })
    expect(Object.keys(await look(from))).toEqual(['vllm'])
  })

  it('keeps one that is too busy to answer within 300 ms, if it was known', async () => {
    const server = await serve(list('big'))
    const from = discovery({ [server.port]: 'tabbyapi' })
    expect(await look(from)).toEqual({ tabbyapi: ['big'] })
    const timers = new Set<NodeJS.Timeout>()
    closing.push(() => timers.forEach(clearTimeout))
    server.listener = (request, response) => {
      timers.add(setTimeout(() => list('late')(request, response), 1_500))
    }
    const begin = performance.now()
    expect(await look(from)).toEqual({ tabbyapi: ['big'] })
    expect(performance.now() - begin).toBeGreaterThan(250)
    expect(performance.now() - begin).toBeLessThan(900)
    server.listener = list('bigger')
    expect(await look(from)).toEqual({ tabbyapi: ['bigger'] })
  })

  it('does not wait for a silent stranger', async () => {
    const silent = await upstream({ silent: true })
    const begin = performance.now()
    expect(await look(discovery({ [silent.port]: 'ollama' }))).toEqual({})
    expect(performance.now() - begin).toBeLessThan(900)
  })

  it('remembers a known one that now answers with an error', async () => {
    const server = await serve(list('big'))
    const from = discovery({ [server.port]: 'tabbyapi' })
    await look(from)
    server.listener = (_, response) => void response.writeHead(500).end()
    const [found] = await from.probeAll(AbortSignal.timeout(2_000))
    expect(found).toMatchObject({ error: { status: 500 }, models: [{ id: 'big' }] })
  })
})

describe('a server that loads its model while it is found', () => {
  it('is known from then on', async () => {
    const error = { code: 503, message: 'Loading model', type: 'unavailable_error' }
    const server = await serve((_, response) => {
      response.writeHead(503, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error }))
    })
    const from = discovery({ [server.port]: 'llama-server' })
    expect(await look(from)).toEqual({ 'llama-server: model_loading': [] })
    server.listener = list('m')
    expect(await look(from)).toEqual({ localai: ['m'] })
  })
})

describe('a server of another kind', () => {
  const answers: Record<string, RequestListener> = {
    'a page of a 503': (_, response) => void response.writeHead(503).end('Down for maintenance'),
    'a page': (_, response) => void response.end('<!doctype html><h1>Hello</h1>'),
    'JSON of something else': (_, response) => void response.end('{"status":"ok"}'),
    'JSON null': (_, response) => void response.end('null'),
    'a list without a wrapper': (_, response) => void response.end('[{"id":"x"}]'),
    'not found': (_, response) => void response.writeHead(404).end('Not found'),
    'a redirect': (_, response) =>
      void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'a reset': (request) => void request.socket.resetAndDestroy(),
    'half an answer': (request, response) => {
      response.writeHead(200, { 'content-length': '999' })
      response.write('{"data":[')
      setTimeout(() => request.socket.destroy(), 20)
    },
  }

  it.each(Object.entries(answers))('that answers with %s is none', async (_, listener) => {
    const server = await serve(listener)
    expect(await look(discovery({ [server.port]: 'llama-server' }))).toEqual({})
  })

  it('that speaks no HTTP is none', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.end('220 mail.example ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    const { port } = server.address() as { port: number }
    expect(await look(discovery({ [port]: 'llama-server' }))).toEqual({})
  })

  it('with entries that are no models keeps those that are', async () => {
    const server = await serve((_, response) => {
      response.end(JSON.stringify({ data: [null, 7, { id: 5 }, { name: 'x' }, { id: 'real' }] }))
    })
    expect(await look(discovery({ [server.port]: 'tabbyapi' }))).toEqual({ tabbyapi: ['real'] })
  })
})

it('tells servers of one kind apart, and from what is known', async () => {
  const [one, two] = [await upstream({ persona: 'vllm' }), await upstream({ persona: 'vllm' })]
  const from = discovery({ [one.port]: 'vllm', [two.port]: 'sglang' }, { labels: ['vllm'] })
  expect(Object.keys(await look(from)).sort()).toEqual(['vllm-2', 'vllm-3'])
})
