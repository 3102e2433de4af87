import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/read.ts'
import { type HostName, runToEnd, type Server, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { begin } from './shutdown.ts'

interface Health {
  instance: string
  draining?: boolean
  state: object
}

/** Several processes as one server: on one port, and one leaving while others go on. */
export function several(host: HostName): void {
  it('tells an admin which instance answered, the same one each time', async () => {
    await using server = await startServer(host)
    const first = await health(server)
    expect(first.instance).toMatch(/^[0-9a-f-]{36}$/)
    expect(first.state).toEqual({ kind: 'memory', status: 'connected', instances: 1 })
    expect((await health(server)).instance).toBe(first.instance)
  })

  describe('--reuse-port', () => {
    it('lets two processes listen on one port, and both are asked', async () => {
      await using first = await startServer(host, ['--reuse-port'])
      const { port } = first
      await using second = await startServer(host, ['--reuse-port', '--port', String(port)])
      expect(second.port).toBe(port)
      // A connection each: the system chooses a process by the address of the client.
      const seen = new Set<string>()
      for (let asked = 0; asked < 100 && seen.size < 2; asked++) seen.add(await instanceAt(port))
      expect(seen.size).toBe(2)
      await first.kill()
      const left = await Promise.all(Array.from({ length: 8 }, () => instanceAt(port)))
      expect(new Set(left).size).toBe(1)
    })

    it('is not shared with one that does not share it', async () => {
      await using first = await startServer(host)
      const flags = ['--no-discover', '--reuse-port', '--port', String(first.port)]
      const { code, stderr } = await runToEnd(host, flags)
      expect(code).toBe(2)
      expect(stderr).toContain(
        `port: ${first.port} is already in use on 127.0.0.1 by a program that does not share it; start each`,
      )
    })
  })

  describe('--drain-delay', () => {
    let upstream: Upstream
    beforeAll(async () => {
      upstream = await startUpstream()
    })
    afterAll(() => upstream?.close())

    it('answers as before while /health/ready says that it leaves, and only then drains', async () => {
      const flags = ['--upstream', upstream.url, '--drain-delay', '1500ms', '--grace', '500ms']
      await using server = await startServer(host, flags)
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
      const at = performance.now()
      const stopped = server.stop()
      await sleep(200)
      const ready = await fetch(`${server.url}/health/ready`)
      expect(ready.status).toBe(503)
      expect(ready.headers.get('retry-after')).toBe('5')
      expect(await ready.json()).toMatchObject({ error: { code: 'shutting_down' } })
      expect(await health(server)).toMatchObject({ status: 'ok', draining: true })
      // A new connection and a new stream, which has the grace time after the delay as well.
      const { end } = await begin(server, pace(5, 100))
      expect(await end).toMatchObject({ outcome: 'finished', problems: [] })
      expect(await stopped).toBe(0)
      expect(performance.now() - at).toBeGreaterThan(1_400)
    })
  })
}

async function health({ url }: Pick<Server, 'url'>): Promise<Health> {
  return (await (await fetch(`${url}/health`)).json()) as Health
}

/** The instance that a new connection reaches. */
async function instanceAt(port: number): Promise<string> {
  const client = await rawRequest({ port, path: '/health' })
  await client.waitFor(/"instance":"[^"]+"/)
  client.hangUp()
  return /"instance":"([^"]+)"/.exec(client.text())?.[1] ?? ''
}
