import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'
import { WarmUp, warmUpOf } from '../../../../src/hosts/server/warm-up/warm-up.ts'

const host = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node'
const { runtime }: { runtime: Runtime } = await import(`../../../../src/hosts/${host}/runtime.ts`)

/** The same runtime, and the ports at which it was told to listen. */
function watched() {
  const ports: number[] = []
  const listen: Runtime['listen'] = async (options) => {
    const server = await runtime.listen(options)
    ports.push(server.port)
    return server
  }
  return { ports, runtime: { ...runtime, listen } }
}

/** Whether a program may listen there, as nobody else does. */
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

const request = (method: string, path: string) =>
  new Request(`http://127.0.0.1${path}`, { method, ...(method === 'POST' && { body: '{}' }) })

afterEach(() => {
  vi.restoreAllMocks()
})

/** Not by `expect.poll`, which Bun's tests lack. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5)
}

// A timer of the tests themselves: by itself practice holds up no process.
setInterval(() => {}, 1_000)

describe('a warm-up', () => {
  it('practises for a second of processor time at most, and leaves nothing behind', async () => {
    const { ports, runtime } = watched()
    const { rounds, took, end } = await new WarmUp(runtime).run()
    expect(rounds).toBeGreaterThan(3)
    expect(took).toBeLessThan(1_500)
    expect(['flat', 'spent']).toContain(end)
    expect(ports).toHaveLength(2)
    for (const port of ports) expect(await isFree(port), String(port)).toBe(true)
  }, 30_000)

  it('ends as soon as a client asks something', async () => {
    const warmUp = new WarmUp(runtime)
    const fetch = warmUp.before(async () => new Response('answered'))
    const running = warmUp.run()
    const response = await fetch(request('POST', '/v1/chat/completions'))
    expect(await response.text()).toBe('answered')
    expect(await running).toMatchObject({ end: 'asked' })
  })

  it('begins nothing where a client asks something at once', async () => {
    const { ports, runtime } = watched()
    const warmUp = new WarmUp(runtime)
    const fetch = warmUp.before(async () => new Response('answered'))
    const running = warmUp.run()
    await sleep(20)
    await fetch(request('POST', '/v1/chat/completions'))
    expect(await running).toMatchObject({ rounds: 0, end: 'asked' })
    expect(ports).toEqual([])
  })

  it('makes way for a question about the server, and goes on', async () => {
    const warmUp = new WarmUp(runtime)
    const fetch = warmUp.before(async () => new Response())
    const running = warmUp.run()
    await fetch(request('GET', '/health'))
    const { rounds, end } = await running
    expect(end).not.toBe('asked')
    expect(rounds).toBeGreaterThan(3)
  }, 30_000)

  it('ends with its server', async () => {
    const warmUp = new WarmUp(runtime)
    const running = warmUp.run()
    warmUp.stop()
    expect(await running).toMatchObject({ rounds: 0, end: 'asked' })
  })

  it('says why it cannot, where it cannot listen', async () => {
    const listen = () => Promise.reject(new Error('no ports'))
    await expect(new WarmUp({ ...runtime, listen }).run()).rejects.toThrow('no ports')
  })

  it('leaves nothing behind where it cannot listen twice', async () => {
    const { ports, runtime } = watched()
    const listen: Runtime['listen'] = (options) =>
      ports.length > 0 ? Promise.reject(new Error('no more ports')) : runtime.listen(options)
    await expect(new WarmUp({ ...runtime, listen }).run()).rejects.toThrow('no more ports')
    expect(await isFree(Number(ports[0]))).toBe(true)
  })

  it('ends in time, however often somebody asks about the server', async () => {
    const warmUp = new WarmUp(runtime)
    const fetch = warmUp.before(async () => new Response())
    const asking = setInterval(() => void fetch(request('GET', '/health')), 50)
    const running = warmUp.run()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 20_000)
    await fetch(request('GET', '/health'))
    expect(await running).toMatchObject({ end: 'spent' })
    clearInterval(asking)
  }, 5_000)

  it('is not measured as requests by the OpenTelemetry SDK of the program', async () => {
    const { ports, runtime } = watched()
    const registered = globalThis as Record<symbol, unknown>
    const symbol = Symbol.for('opentelemetry.js.api.1')
    const getTracer = vi.fn()
    registered[symbol] = { trace: { getTracer } }
    try {
      expect(await new WarmUp(runtime).run()).toMatchObject({ rounds: 0, end: 'measured' })
    } finally {
      delete registered[symbol]
    }
    expect(getTracer).not.toHaveBeenCalled()
    expect(ports).toEqual([])
  })

  it('has closed what it listened at when its server has stopped', async () => {
    const { ports, runtime } = watched()
    const warmUp = new WarmUp(runtime)
    warmUp.start()
    await until(() => ports.length === 2)
    await warmUp.stop()
    for (const port of ports) expect(await isFree(port), String(port)).toBe(true)
  })

  it('says in one line that it cannot, and ends nothing', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const listen = () => Promise.reject(new Error('no ports'))
    const warmUp = new WarmUp({ ...runtime, listen })
    warmUp.start()
    await until(() => log.mock.calls.length > 0)
    expect(log.mock.calls).toHaveLength(1)
    expect(log.mock.calls[0]).toEqual([
      'sluice: warmUp: the warm-up has ended early (no ports); the first requests may take longer.',
    ])
    await warmUp.stop()
  })

  it('answers nobody else at its ports', async () => {
    const { ports, runtime } = watched()
    const warmUp = new WarmUp(runtime)
    warmUp.start()
    await until(() => ports.length === 2)
    const ask = (port: number, headers = {}) =>
      fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        body: JSON.stringify({ model: 'warm-up', messages: [{ role: 'user', content: 'Hi' }] }),
      })
    for (const port of ports) {
      expect((await ask(port)).status).toBe(401)
      expect((await ask(port, { authorization: 'Bearer another' })).status).toBe(401)
    }
    await warmUp.stop()
  })

  it('is one for all servers of a process', () => {
    const one = warmUpOf(runtime, { warmUp: true })
    expect(one).toBeInstanceOf(WarmUp)
    expect(warmUpOf(runtime, { warmUp: true })).toBe(one)
    expect(warmUpOf(runtime, { warmUp: false })).toBe(undefined)
  })
})
