import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'
import { WarmUp } from '../../../../src/hosts/server/warm-up/warm-up.ts'

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
})
