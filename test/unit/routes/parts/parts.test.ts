import { describe, expect, it } from 'vitest'
import { createComposedHandler } from '../../../../src/composed-handler.ts'
import { ChatUpstream } from '../../../../src/engines/upstream/chat-upstream.ts'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'
import type { HandlerHost } from '../../../../src/options.ts'
import { PARTS, partAt } from '../../../../src/routes/part-names.ts'
import { builtIn } from '../../../../src/routes/parts/built-in.ts'
import { chat } from '../../../../src/routes/parts/chat.ts'
import { composeSome, readerOf } from '../../../../src/routes/parts/compose-some.ts'
import { discovery } from '../../../../src/routes/parts/discovery.ts'
import { health } from '../../../../src/routes/parts/health.ts'
import { models } from '../../../../src/routes/parts/models.ts'
import { ollama } from '../../../../src/routes/parts/ollama.ts'
import { pages } from '../../../../src/routes/parts/pages.ts'
import type { HandlerPart } from '../../../../src/routes/parts/part.ts'
import { responses } from '../../../../src/routes/parts/responses.ts'
import { streams } from '../../../../src/routes/parts/streams.ts'
import { allParts, table } from '../../../../src/routes/table.ts'
import { PART_SETTINGS, SERVER_SETTINGS } from '../../../../src/settings/left-out.ts'
import { readEnvironment } from '../../../../src/settings/read-environment.ts'
import { coreSettings } from '../../../../src/settings/table/core.ts'
import { declarations } from '../../../../src/settings/table/table.ts'
import { finish } from '../../../../src/util/slices.ts'

describe('the parts of a handler', () => {
  it('are listed by name, each once', () => {
    expect(allParts.map(({ name }) => name).sort()).toEqual(Object.keys(PARTS).sort())
  })

  it.each(allParts.map((part) => [part.name, part] as const))(
    '%s has routes at its own paths only',
    (name, { routes = {} }) => {
      for (const { path } of Object.values(routes)) expect(partAt(path)).toBe(name)
      for (const path of PARTS[name]) {
        expect(Object.values(routes).some((each) => each.path.startsWith(path))).toBe(true)
      }
    },
  )

  it('make up the whole table', () => {
    const composed = composeSome(allParts).routes
    expect(Object.keys(composed)).toEqual(Object.keys(table))
  })
})

it('ask of upstreams all that an upstream can', () => {
  const options = { label: 'gpu', url: 'http://gpu/v1', fetch: () => new Promise<never>(() => {}) }
  const composed = new ChatUpstream(options, composeSome(allParts).abilities)
  expect(Object.keys(composed).sort()).toEqual(Object.keys(new Upstream(options)).sort())
  expect(new ChatUpstream(options, composeSome([chat]).abilities)).not.toHaveProperty('forward')
})

describe('the settings of a handler', () => {
  it('are each those of the core, of one part or of a server', () => {
    const ofParts = allParts.flatMap(({ settings = {} }) => Object.keys(settings))
    const all = [...Object.keys(coreSettings), ...ofParts, ...SERVER_SETTINGS]
    expect(all.sort()).toEqual(Object.keys(declarations).sort())
  })

  it('are known by the names of the parts, to a handler without them', () => {
    const named = allParts.flatMap(({ name, settings }) =>
      settings === undefined ? [] : [[name, Object.keys(settings)]],
    )
    expect(Object.fromEntries(named)).toEqual(PART_SETTINGS)
  })
})

/** A handler of these parts, which anyone may ask. */
function handlerOf(parts: readonly HandlerPart[], host: HandlerHost = {}) {
  const handler = createComposedHandler(
    composeSome(parts),
    readerOf(parts).parse({
      insecure: true,
      ...(parts.includes(discovery) && { discover: false }),
    }),
    host,
  )
  return (path: string, init?: RequestInit) =>
    handler.fetch(new Request(`http://localhost${path}`, init))
}

describe('parts that belong together', () => {
  const asOllama = { headers: { 'user-agent': 'ollama/0.32.15 (amd64 linux) Go/go1.26' } }

  it.each(['GET', 'HEAD'])("answer %s / as Ollama where Ollama's API is there", async (method) => {
    for (const parts of [[ollama], [ollama, pages], [pages, ollama]]) {
      const response = await handlerOf(parts)('/', { method, ...asOllama })
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('Ollama is running')
    }
    expect((await handlerOf([chat])('/', { method, ...asOllama })).status).toBe(404)
    expect((await handlerOf([ollama])('/', { method })).status).toBe(404)
    expect(await (await handlerOf([pages])('/', asOllama)).text()).toContain('<h1>sluice</h1>')
  })

  it('say which of them runs responses in the background', async () => {
    const asked = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'static', input: 'Hi', background: true }),
    }
    const response = await handlerOf([responses])('/v1/responses', asked)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('the part \\"streams\\"')
    expect((await handlerOf([responses, streams, builtIn])('/v1/responses', asked)).status).toBe(
      200,
    )
  })

  it('describe only the routes that are there', async () => {
    const paths = Object.fromEntries(
      Object.values(table).map(({ path }) => [path.replace(/:(\w+)\+?/g, '{$1}'), {}]),
    )
    const document = JSON.stringify({ openapi: '3.1.0', servers: [{ url: '/' }], paths })
    const files = async (name: string) =>
      name === 'openapi.json' ? new TextEncoder().encode(document) : undefined
    const pathsOf = async (parts: readonly HandlerPart[], host: HandlerHost = {}) => {
      const ask = handlerOf(parts, { files, ...host })
      const { paths } = (await (await ask('/openapi.json')).json()) as { paths: object }
      return Object.keys(paths)
    }
    expect(await pathsOf(allParts)).toEqual(Object.keys(paths))
    const expected = ['/v1/models', '/v1/models/{id}', '/', '/status', '/openapi.json']
    const some = await pathsOf([models, pages])
    expect(some).toEqual(expect.arrayContaining(expected))
    expect(some.filter((path) => /chat|api|audio|metrics/.test(path))).toEqual([
      '/openapi.json',
      '/openapi.html',
    ])
    expect(await pathsOf([models, pages], { basePath: '/ai' })).toEqual(some)
    const page = await handlerOf([models, pages], { files, basePath: '/ai' })('/ai/openapi.html')
    expect(page.status).toBe(307)
    expect(page.headers.get('location')).toBe('/ai/openapi.json')
  })

  it('link only to what is there', async () => {
    const bare = await (await handlerOf([pages])('/status')).text()
    expect(bare).not.toMatch(/curl|OpenAI client|\/v1|\/health/)
    const some = await (await handlerOf([pages, chat, health])('/status')).text()
    expect(some).toContain('/v1/chat/completions')
    expect(some).toContain('href="/health"')
    expect(some).not.toContain('/v1/models')
    expect(await (await handlerOf(allParts)('/status')).text()).toContain(
      '<a href="/openapi.html">the API</a> · <a href="/v1/models">/v1/models</a> · <a href="/health">/health</a>',
    )
  })
})

describe('a handler of some parts', () => {
  const parts = [chat, models, builtIn]
  const reader = readerOf(parts)
  const composition = composeSome(parts)
  const handler = createComposedHandler(composition, reader.parse({ insecure: true }), {})
  const ask = (method: string, path: string, body?: object) =>
    handler.fetch(
      new Request(`http://localhost${path}`, {
        method,
        ...(body && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      }),
    )

  it('answers the routes of its parts', async () => {
    const response = await ask('POST', '/v1/chat/completions', {
      model: 'static',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Water finds its way')
  })

  it.each([
    ['POST', '/v1/messages', 'messages'],
    ['GET', '/v1/streams/strm_1', 'streams'],
    ['GET', '/api/tags', 'ollama'],
    ['OPTIONS', '/v1/embeddings', 'embeddings'],
    ['GET', '/', 'pages'],
    ['GET', '/metrics', 'metrics'],
  ])('says of %s %s that its part is left out, and where it is', async (method, path, part) => {
    const response = await ask(method, path)
    expect(response.status).toBe(404)
    // Each API has errors of its own shape.
    const text = await response.text()
    expect(text).toContain(`without the part \\"${part}\\"`)
    expect(text).toContain('@sluice/sluice/edge')
  })

  it('does not claim that a part has a route that no handler has', async () => {
    const text = await (await ask('POST', '/v1/audio/nothing')).text()
    expect(text).toContain('without the part \\"passThrough\\"')
    expect(text).not.toContain('has the route')
  })

  it('tells only those with a key of parts whose routes need one', async () => {
    const key = { name: 'ann', hash: `sha256:${'0'.repeat(64)}` }
    const keyed = createComposedHandler(composition, reader.parse({ keys: [key] }), {})
    const absent = Object.values(table).filter(({ path }) => composition.leftOut?.partAt(path))
    const asked = absent.map(async ({ access, method, path }) => {
      const request = new Request(`http://localhost${path}`, { method })
      const { status } = await keyed.fetch(request)
      return { path, isTold: status === 404, isOpen: access === 'open' }
    })
    const answers = await Promise.all(asked)
    expect(answers.filter(({ isTold, isOpen }) => isTold && !isOpen)).toEqual([])
    expect(answers.filter(({ isTold }) => isTold).map(({ path }) => path)).toContain('/health')
  })

  it('names no routes that it does not have', async () => {
    const handler = createComposedHandler(
      composeSome([health]),
      readerOf([health]).parse({ insecure: true }),
      {},
    )
    for (const path of ['/nothing', '/v1/nothing', '/completion']) {
      const text = await (await handler.fetch(new Request(`http://localhost${path}`))).text()
      expect(text).toContain(`there is no route GET ${path}`)
      expect(text).not.toMatch(/\/v1\/(chat|models|completions)|Ollama/)
    }
    const text = await (await ask('GET', '/nothing')).text()
    expect(text).toContain('POST /v1/chat/completions, GET /v1/models')
    expect(text).not.toContain('Ollama')
  })

  it('says of other paths what it always says', async () => {
    expect(await (await ask('GET', '/v1/nothing')).text()).toContain(
      'path: there is no route GET /v1/nothing',
    )
  })

  it('sends an ordinary stream where one is asked for that can be resumed', async () => {
    const response = await handler.fetch(
      new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-sluice-resume': '1' },
        body: JSON.stringify({
          model: 'static',
          stream: true,
          messages: [{ role: 'user', content: 'Hi' }],
        }),
      }),
    )
    expect(response.headers.get('x-sluice-resume')).toBe(null)
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  })

  it.each([
    ['activity', 5, 'of the part "activity"'],
    ['streamTtl', '1m', 'of the part "streams"'],
    ['otlpEndpoint', 'http://127.0.0.1:4318', 'of the part "traces"'],
    ['discover', true, 'of the part "discovery"'],
    ['affinity', 'off', 'of the part "affinity"'],
    ['queue', 5, 'of the part "balancing"'],
    ['streams', 5, 'of the part "balancing"'],
    ['thinkTags', 'separate', 'of the part "thinking"'],
    ['systemMessages', 'keep', 'of the part "systemMessages"'],
    ['docsUrl', 'https://docs.example', 'of the part "errorLinks"'],
    ['port', 80, 'for a server that sluice starts'],
  ])('refuses the setting %s, and says what has it', (name, value, why) => {
    const variable = `SLUICE_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`
    const read = (env: object) => finish(readEnvironment(reader, { ...env }, () => {}))
    expect(() => reader.parse({ [name]: value })).toThrow(`${name}: this setting is ${why}`)
    expect(() => read({ [variable]: String(value) })).toThrow(`${variable}: this setting is ${why}`)
    const config = { SLUICE_CONFIG: JSON.stringify({ [name]: value }) }
    expect(() => read(config)).toThrow(`SLUICE_CONFIG: ${name}: this setting is ${why}`)
  })

  it('refuses an unknown setting as ever, and starts no server', () => {
    expect(() => reader.parse({ quue: 1 } as never)).toThrow('there is no such setting')
    expect(() => reader.parse({ upstream: [{ run: 'a', models: ['b'] }] })).toThrow(
      'upstream[0].run: there is no such setting',
    )
    expect(() => reader.parse({ upstream: [{ label: 'a' }] })).toThrow('upstream[0].url: expected')
  })

  it.each([
    ['maxConcurrency', 4, 'balancing'],
    ['thinkTags', 'separate', 'thinking'],
    ['systemMessages', 'merge', 'systemMessages'],
  ])('refuses an upstream with %s, which is nothing without a part', (option, value, part) => {
    const upstream = [{ url: 'http://127.0.0.1:1', [option]: value }]
    expect(() => reader.parse({ upstream })).toThrow(
      `upstream[0].${option}: this option is of the part "${part}"`,
    )
  })

  it.each([
    ['resumable', 'streams'],
    ['offers', 'tabs'],
    ['metrics', 'metrics'],
  ])('refuses a key with %s, which is nothing without a part', (option, part) => {
    const key = { name: 'a', hash: `sha256:${'0'.repeat(64)}`, [option]: true }
    expect(() => reader.parse({ keys: [key] })).toThrow(
      `keys[0].${option}: this option is of the part "${part}"`,
    )
  })
})
