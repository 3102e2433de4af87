import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { chatsAt, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { pace } from '../support/talk.ts'

const M = { model: 'm' }

/** More requests than an upstream takes at once. */
export function queue(host: HostName): void {
  const flags = [
    '--max-concurrency',
    '1',
    '--queue',
    '1',
    '--header-wait',
    '50ms',
    '--heartbeat',
    '100ms',
  ]

  describe('a request beyond what an upstream takes', () => {
    it('waits, with heartbeats, and is served in its turn', async () => {
      await using it = await startPool(host, { a: { script: pace(16, 50) } }, { flags })
      const first = readStream(await postChat(it.server.base, M))
      const second = readStream(await postChat(it.server.base, M))
      await sleep(200)
      expect(chatsAt(it.upstreams.a)).toBe(1)
      const [one, two] = await Promise.all([first, second])
      expect(one).toMatchObject({ outcome: 'finished', problems: [] })
      expect(two).toMatchObject({ outcome: 'finished', problems: [] })
      expect(two.pings.length).toBeGreaterThan(3)
      expect(one.events.at(-1)?.at).toBeLessThan(two.events[1]?.at ?? 0)
      expect(chatsAt(it.upstreams.a)).toBe(2)
    })

    it('is refused where too many wait, with an honest Retry-After', async () => {
      await using it = await startPool(host, { a: { script: pace(10, 50) } }, { flags })
      const ended = readStream(await postChat(it.server.base, M))
      await ended
      const [first, second] = [await postChat(it.server.base, M), await postChat(it.server.base, M)]
      const refused = await postChat(it.server.base, M)
      expect(refused.status).toBe(503)
      // One runs, one waits, and each takes half a second.
      expect(refused.headers.get('retry-after')).toMatch(/^[12]$/)
      expect(await errorOf(refused)).toMatchObject({ code: 'engine_busy' })
      expect(await logOf(it.server, refused)).toMatchObject({
        outcome: 'failed',
        code: 'engine_busy',
      })
      for (const response of [first, second]) {
        expect(await readStream(response)).toMatchObject({ outcome: 'finished', problems: [] })
      }
    })

    it('leaves the line when its client hangs up', async () => {
      await using it = await startPool(host, { a: { script: pace(20, 50) } }, { flags })
      const first = readStream(await postChat(it.server.base, M))
      const messages = [{ role: 'user', content: 'Go.' }]
      const body = { ...M, stream: true, messages }
      const gone = await openClient(it.server, body)
      await gone.waitFor(': ping')
      gone.hangUp()
      await it.server.nextLog(({ outcome }) => outcome === 'cancelled')
      const third = await postChat(it.server.base, M)
      expect(third.status).toBe(200)
      expect((await first).outcome).toBe('finished')
      expect((await readStream(third)).outcome).toBe('finished')
      expect(chatsAt(it.upstreams.a)).toBe(2)
    })

    it('gets the place of a client that hangs up', async () => {
      await using it = await startPool(host, { a: { script: pace(2_000, 20) } }, { flags })
      const body = { ...M, stream: true, messages: [{ role: 'user', content: 'Go.' }] }
      const first = await openClient(it.server, body)
      await first.waitFor('"tok"')
      const second = await openClient(it.server, body)
      await second.waitFor(': ping')
      first.hangUp()
      await second.waitFor('"tok"')
      second.hangUp()
    })

    it('is held up by nobody who left before a whole answer', async () => {
      const roomy = [...flags, '--queue', '5']
      await using it = await startPool(host, { a: { script: pace(10, 50) } }, { flags: roomy })
      const first = readStream(await postChat(it.server.base, M))
      const script = { persona: 'vllm', words: ['Hi.'] }
      const body = { ...M, stream: false, messages: [{ role: 'user', content: 'Go.' }], script }
      const gone = await openClient(it.server, body)
      await sleep(100)
      gone.hangUp()
      const third = postChat(it.server.base, { ...M, stream: false, script })
      expect((await first).outcome).toBe('finished')
      expect(await (await third).json()).toMatchObject({ object: 'chat.completion' })
    })

    it('goes to another upstream that has time', async () => {
      const script = pace(10, 50)
      await using it = await startPool(host, { a: { script }, b: { script } }, { flags })
      const reads = Array.from({ length: 3 }, async () =>
        readStream(await postChat(it.server.base, M)),
      )
      for (const read of await Promise.all(reads)) {
        expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      }
      const { a, b } = it.upstreams
      expect([chatsAt(a), chatsAt(b)].sort()).toEqual([1, 2])
    })

    it('waits where a whole answer is asked for too', async () => {
      await using it = await startPool(host, { a: { script: pace(6, 50) } }, { flags })
      const first = readStream(await postChat(it.server.base, M))
      await sleep(20)
      const script = { persona: 'vllm', words: ['Hi.'] }
      const second = postChat(it.server.base, { ...M, stream: false, script })
      await sleep(100)
      expect(chatsAt(it.upstreams.a)).toBe(1)
      expect((await first).outcome).toBe('finished')
      expect(await (await second).json()).toMatchObject({ object: 'chat.completion' })
    })
  })

  it('holds no place for clients that hung up, whenever they did', async () => {
    const roomy = [
      '--max-concurrency',
      '2',
      '--queue',
      '50',
      '--header-wait',
      '50ms',
      '--heartbeat',
      '50ms',
    ]
    const script = pace(6, 20)
    await using it = await startPool(host, { a: { script }, b: { script } }, { flags: roomy })
    const messages = [{ role: 'user', content: 'Go.' }]
    const clients = Array.from({ length: 30 }, async (_, at) => {
      const body = { ...M, stream: true, messages }
      const client = await openClient(it.server, body)
      await sleep((at * 37) % 400)
      client.hangUp(at % 2 ? 'reset' : undefined)
    })
    await Promise.all(clients)
    const read = await readStream(await postChat(it.server.base, M))
    expect(read).toMatchObject({ outcome: 'finished', problems: [] })
    await sleep(300)
    expect(await (await fetch(`${it.server.url}/health`)).json()).toMatchObject({
      status: 'ok',
      waiting: 0,
      engines: [{ running: 0 }, { running: 0 }, {}],
    })
  })

  it('an upstream may have a number of its own', async () => {
    const each = { a: { maxConcurrency: 2 } }
    await using it = await startPool(host, { a: { script: pace(60, 50) } }, { flags, each })
    const reads = [postChat(it.server.base, M), postChat(it.server.base, M)]
    await expect.poll(() => chatsAt(it.upstreams.a), { timeout: 2_000 }).toBe(2)
    const health = await (await fetch(`${it.server.url}/health`)).json()
    expect(health).toMatchObject({ engines: [{ engine: 'a', running: 2, maxConcurrency: 2 }, {}] })
    for (const response of await Promise.all(reads)) {
      expect((await readStream(response)).outcome).toBe('finished')
    }
  })
}
