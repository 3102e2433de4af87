import { describe, expect, it } from 'vitest'
import { defineEngine } from '../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../src/handler.ts'
import { serve } from '../../src/hosts/node.ts'
import type { HandlerOptions, ServerOptions } from '../../src/options.ts'
import type { LogEntry } from '../../src/platform/log.ts'
import { settingsFromEnv } from '../../src/settings/environment.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import { memoryLimits } from '../../src/state/memory-limits.ts'
import { memoryResponseStore } from '../../src/state/response-store.ts'

const echo = defineEngine({
  label: 'echo',
  models: ['echo'],
  async *chat({ messages }) {
    yield String(messages.at(-1)?.content)
  },
})

function chat(url: string, model = 'echo'): Request {
  return new Request(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] }),
  })
}

describe('createHandler', () => {
  it.each([
    [{ port: 1 }, /^port: createHandler can't honour this option; it is an option of serve\(\)/],
    [{ host: 'a' }, /^host: createHandler can't honour/],
    [{ tlsCert: 'a' }, /^tlsCert: createHandler can't honour/],
    [{ discover: true }, /^discover: createHandler can't honour/],
    [{ grace: '1s' }, /^grace: createHandler can't honour/],
    [{ engine: ['replay:a'] }, /^engine: createHandler can't honour/],
    [{ webgpu: true }, /^webgpu: createHandler can't honour .*sluice\/deno/],
    [{ upstreams: [] }, /^upstreams: there is no such option\. Did you mean upstream or/],
    [{ authentication: 1 }, /^authentication: .*Did you mean authenticate\?/],
    [{ authenticate: 'yes' }, /^authenticate: expected a function, got "yes"/],
    [{ engines: echo }, /^engines: expected engines in an array/],
    [{ engines: [{ label: 'x' }] }, /^engines\[0\]: expected an engine that was made by/],
    [
      { engines: [echo, { label: 'x', models: async () => [], chat: async () => {} }] },
      /^engines\[1\]: expected an engine that was made by defineEngine, got an object/,
    ],
    [
      { engines: [echo], upstream: ['echo=http://127.0.0.1:1/v1'] },
      /^engines: expected a label that no upstream has, got "echo"; give/,
    ],
    [{ constructor: 2 }, /^constructor: there is no such option\./],
    [{ limits: {} }, /^limits: createHandler has no such option; write it as state: \{ limits \}/],
    [{ responses: {} }, /^responses: .* write it as state: \{ responses \}/],
    [{ reach: 'machine' }, /^reach: .* only a host tells/],
    [{ exposure: 'machine' }, /^exposure: .* only a host tells/],
    [{ log: 'text' }, /^log: expected/],
    [{ allowOrigin: ['*'] }, /^allowOrigin: .* no keys are set/],
    [settingsFromEnv({ SLUICE_PORT: '1' }), /^port: .* Leave it out, and out of the environment/],
    [{ engines: [echo, echo] }, /^engines: expected a label that is not taken, got "echo"/],
    [{ basePath: 'ai' }, /^basePath: expected a path such as "\/ai"/],
    [{ basePath: '/ai/' }, /^basePath: expected/],
    [{ basePath: '/v1' }, /^basePath: expected/],
    [{ log: 'loud' }, /^log: expected/],
    [{ state: { limit: {} } }, /^state\.limit: .*Did you mean limits\?/],
    [{ state: { limits: {} } }, /^state\.limits: expected an object with the methods admit,/],
    [{ state: { responses: [] } }, /^state\.responses: expected an object with the methods put,/],
    [{ keys: 5 }, /^keys: /],
    [7, /^createHandler: expected an object with options, got 7/],
  ])('refuses what it can not honour: %o', (options, message) => {
    expect(() => createHandler(options as HandlerOptions)).toThrow(message)
  })

  it('takes what is left out, or is off', () => {
    createHandler()
    createHandler({ model: undefined, discover: false, webgpu: false } as HandlerOptions)
  })

  it.each([
    parseSettings({ insecure: true }),
    parseSettings({ upstream: 'http://127.0.0.1:1/v1' }),
    settingsFromEnv({ SLUICE_PORT: '8787', SLUICE_LOG: 'auto' }),
  ])('takes settings of which none asks for a server of its own: %#', (settings) => {
    createHandler(settings as HandlerOptions)
  })

  it('takes every origin, where a function knows who asks', () => {
    createHandler({ allowOrigin: ['*'], authenticate: () => undefined })
  })

  it('refuses everyone, where nothing says who may ask', async () => {
    const response = await createHandler({ engines: [echo] }).fetch(chat('http://sluice.example'))
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('keys_missing')
  })

  it('asks upstreams by a fetch of one’s own, and engines before them', async () => {
    const asked: string[] = []
    const { fetch } = createHandler({
      insecure: true,
      upstream: ['http://gpu.example/v1'],
      engines: [echo],
      fetch: async (url) => {
        asked.push(url)
        return Response.json({ data: [{ id: 'big', object: 'model', created: 1, owned_by: 'x' }] })
      },
    })
    const models = await fetch(new Request('http://sluice.example/v1/models'))
    expect(await models.text()).toContain('"big"')
    expect(asked).toContain('http://gpu.example/v1/models')
    expect(await (await fetch(chat('http://sluice.example'))).text()).toContain('Hello!')
  })

  it('still takes a host as its second argument, and says what to write instead', async () => {
    const warnings: string[] = []
    const { warn } = console
    console.warn = (line: string) => warnings.push(line)
    try {
      const { fetch } = createHandler({ discover: false }, { engines: [echo], reach: 'machine' })
      expect((await fetch(chat('http://localhost'))).status).toBe(200)
    } finally {
      console.warn = warn
    }
    expect(warnings).toEqual([
      expect.stringContaining('createHandler(settings, host) is deprecated'),
    ])
  })

  it('answers even where an engine of a former host breaks what an engine promises', async () => {
    const plain = { label: 'x', models: async () => [{ id: 'echo' }], async *chat() {} }
    const { fetch } = createHandler({ insecure: true, discover: false }, { engines: [plain] })
    expect((await fetch(chat('http://localhost'))).status).toBe(500)
  })

  it('answers 503 where authenticate throws what can not be shown', async () => {
    const log: LogEntry[] = []
    const { fetch } = createHandler({
      authenticate: () => {
        throw Object.create(null)
      },
      log: (entry) => log.push(entry),
    })
    expect((await fetch(chat('http://sluice.example'))).status).toBe(503)
    expect(log).toMatchObject([{ cause: 'a value was thrown that cannot be shown as text' }])
  })

  it('keeps its state where it is told to', async () => {
    const limits = memoryLimits()
    const responses = memoryResponseStore()
    const options: HandlerOptions = {
      authenticate: () => ({ name: 'ann', requestsPerMinute: 2 }),
      engines: [echo],
      state: { limits, responses },
    }
    const one = createHandler(options)
    const other = createHandler(options)
    const created = await one.fetch(
      new Request('http://sluice.example/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'echo', input: 'Hi' }),
      }),
    )
    const { id } = (await created.json()) as { id: string }
    const found = new Request(`http://sluice.example/v1/responses/${id}`)
    expect((await other.fetch(found.clone())).status).toBe(200)
    expect((await other.fetch(found)).status).toBe(429)
  })

  it('writes its log to the console where it is asked to', async () => {
    const lines: string[] = []
    const { log } = console
    console.log = (line: string) => lines.push(line)
    try {
      const handler = createHandler({ insecure: true, engines: [echo], log: 'json' })
      await (await handler.fetch(chat('http://sluice.example'))).text()
    } finally {
      console.log = log
    }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ engine: 'echo', status: 200 }])
  })
})

describe('serve', () => {
  it('takes settings that are complete', async () => {
    const server = await serve({ ...parseSettings({ port: 0, staticDelay: 0 }), log: 'none' })
    await server.stop(0)
  })

  it('serves engines of one’s own, and lets in whom a function knows', async () => {
    const log: LogEntry[] = []
    const server = await serve({
      host: '0.0.0.0',
      port: 0,
      engines: [echo],
      authenticate: ({ headers }) =>
        headers.get('x-user') === 'ann' ? { name: 'ann' } : undefined,
      basePath: '/ai',
      log: (entry) => log.push(entry),
    })
    try {
      const known = chat(`${server.url}/ai`)
      known.headers.set('x-user', 'ann')
      const response = await fetch(known)
      expect(await response.text()).toContain('Hello!')
      expect((await fetch(chat(server.url))).status).toBe(401)
      expect(log).toMatchObject([
        { key: 'ann', path: '/ai/v1/chat/completions', outcome: 'ok' },
        { status: 401 },
      ])
      expect((await server.refresh()).map(({ engine }) => engine)).toEqual(['echo', 'static'])
    } finally {
      await server.stop(0)
    }
  })

  it.each([
    [{ webgpu: true }, /^webgpu: serve can't honour this option; .*only on Deno/],
    [{ webgpuQueue: 4 }, /^webgpuQueue: serve can't honour/],
    [{ hostname: 'x' }, /^hostname: there is no such option\. Did you mean host\?/],
    [{ host: '0.0.0.0', port: 0 }, /^host: other machines can reach 0\.0\.0\.0, and no API keys/],
    [{ log: 'loud' }, /^log: expected/],
  ])('refuses on Node what it can not honour: %o', async (options, message) => {
    await expect(serve(options as ServerOptions)).rejects.toThrow(message)
  })
})
