import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { createManagedEngine, NEEDS } from '../../../../src/engines/managed/managed-engine.ts'
import { managedFetch } from '../../../../src/engines/managed/managed-fetch.ts'
import { ChatUpstream } from '../../../../src/engines/upstream/chat-upstream.ts'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'
import type { Fetch, Fetched } from '../../../../src/platform/fetch.ts'
import { type FakeProcess, fakeContext, settled } from '../../../support/managed/fake.ts'
import { llamaServerFacts, modelOf } from '../../../support/server-facts.ts'

type Method = (...args: unknown[]) => unknown

const STARTING = ['chat', 'complete', 'embed', 'forward', 'pass']

/** An engine whose server is stopped. */
function stopped(says: Readonly<Record<string, object | undefined>> = {}) {
  const it = fakeContext()
  const server = it.serverOf()
  const options = { label: 'gpu', url: 'http://gpu.managed.invalid/v1', models: ['m', 'other'] }
  const fetch: Fetch = (url, init) => {
    const said = says[new URL(url).pathname]
    if (said !== undefined) return Promise.resolve(Response.json(said) as unknown as Fetched)
    return it.context.fetch(url, init)
  }
  const engine = createManagedEngine(server, { ...options, fetch })
  const call = async (name: string, ...args: unknown[]) => {
    const method = Reflect.get(engine, name) as Method | undefined
    try {
      return await method?.(...args)
    } catch (error) {
      // Only whether it starts the server counts here.
      return error
    }
  }
  return { ...it, server, engine, call }
}

/** The names of all that can be called of an upstream. */
function methodNames(): string[] {
  const upstream = new Upstream({ label: 'gpu', url: 'http://gpu/v1', fetch: () => never })
  const inherited = [Upstream.prototype, ChatUpstream.prototype]
    .flatMap((each) => Object.entries(Object.getOwnPropertyDescriptors(each)))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
  const own = Object.entries(upstream).filter(([, value]) => typeof value === 'function')
  return [...inherited, ...own.map(([name]) => name)]
}

const never = new Promise<never>(() => {})

describe('the methods of a managed engine', () => {
  it('are all said to start the server or not to', () => {
    expect(methodNames().sort()).toEqual(Object.keys(NEEDS).sort())
  })

  it.each(methodNames())('%s starts it only where it generates', async (name) => {
    const { call, started, clock } = stopped()
    const { signal } = new AbortController()
    const prompt = { model: 'm', chat: () => ({ messages: [] }) }
    void call(name, prompt, signal)
    void call(name, prompt, 'm', signal)
    void call(name, signal)
    await clock.advance(100)
    expect(started).toHaveLength(STARTING.includes(name) ? 1 : 0)
  })

  it('start nothing where they are not known', async () => {
    const prototype = Upstream.prototype as unknown as Record<string, Method>
    prototype.lookAround = async (signal) => signal
    try {
      const { call, started, clock } = stopped()
      const { signal } = new AbortController()
      expect(await call('lookAround', signal)).toBe(signal)
      await clock.advance(100)
      expect(started).toHaveLength(0)
    } finally {
      delete prototype.lookAround
    }
  })
})

describe('the sizes of the models of a managed engine', () => {
  const sizesOf = (engine: Engine) => engine.sizedModels?.(new AbortController().signal)

  it('are not asked for while the server does not run', async () => {
    const { engine, started } = stopped()
    expect(await sizesOf(engine)).toBeUndefined()
    expect(started).toHaveLength(0)
  })

  it('come with all models that the settings name, and whether they are loaded', async () => {
    const { engine, server, clock, started } = stopped({
      '/v1/models': { data: [modelOf('m', 'llamacpp')] },
      '/props': llamaServerFacts(8_192)({ path: '/props' } as never)?.body,
    })
    server.start()
    await settled()
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(2_000)
    await engine.models(new AbortController().signal)
    expect(await sizesOf(engine)).toEqual([
      expect.objectContaining({ id: 'm', loaded_context_length: 8_192, loaded: true }),
      expect.objectContaining({ id: 'other', loaded: true }),
    ])
  })
})

it.each([
  ['/v1/chat/completions', true],
  ['/v1/rerank', true],
  ['/tokenize', false],
  ['/api/show', false],
])('a request to %s keeps the server in use: %s', async (path, isWork) => {
  const { server, clock, started } = stopped()
  server.start()
  await settled()
  ;(started[0] as FakeProcess).isHealthy = true
  await clock.advance(2_000)
  const url = 'http://gpu.managed.invalid'
  const fetch = managedFetch(server, { url, fetch: () => never })
  void fetch(url + path, { method: 'POST', headers: {} })
  expect(server.isBusy).toBe(isWork)
})
