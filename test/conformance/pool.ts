import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { errorScript } from '../support/personas/errors.ts'
import { chatsAt, named, type PoolUnderTest, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { bare, COMPLETION, FAILURES, fast, M, whole } from './pool-answers.ts'
import { names } from './pool-models.ts'

/** Several upstreams with the same model. */
export function pool(host: HostName): void {
  describe('an upstream that fails before its first chunk is replaced', () => {
    it.each(Object.entries(FAILURES))('if it %s', async (_, { script, failure }) => {
      await using it = await startPool(host, { a: { script }, b: {} }, fast)
      const response = await postChat(it.server.base, M)
      const read = await readStream(response)
      expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [], text: 'b' })
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ outcome: 'finished', engine: 'b', attempts: 2 })
      expect(entry.failures?.join()).toMatch(failure || /^a upstream_/)
      expect(chatsAt(it.upstreams.b)).toBe(1)
      const sent = await it.upstreams.a?.next()
      if (failure.endsWith('timeout')) await sent?.closedWithin(1_000)
    })

    it('if it is gone', async () => {
      await using it = await startPool(host, { a: {}, b: {} })
      await it.upstreams.a?.close()
      const response = await postChat(it.server.base, M)
      expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'b' })
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ engine: 'b', failures: ['a upstream_unreachable'] })
    })

    it('after the headers and heartbeats went out as well', async () => {
      const script: Script = { headersAfter: 400, ...errorScript('message_only') }
      const flags = ['--header-wait', '50ms', '--heartbeat', '100ms']
      await using it = await startPool(host, { a: { script }, b: {} }, { flags })
      const read = await readStream(await postChat(it.server.base, M))
      expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [], text: 'b' })
      expect(read.pings.length).toBeGreaterThan(1)
    })

    it('by one that stops when the client leaves', async () => {
      const flags = ['--header-wait', '50ms', '--heartbeat', '100ms']
      const b = { script: { steps: [{ hang: true as const }] } }
      const a = { script: errorScript('message_only') }
      await using it = await startPool(host, { a, b }, { flags })
      const messages = [{ role: 'user', content: 'Go.' }]
      const body = { ...M, stream: true, messages }
      const client = await openClient(it.server, body)
      const sent = await it.upstreams.b?.next()
      client.hangUp()
      await sent?.closedWithin(2_000)
      const entry = await it.server.nextLog(({ outcome }) => outcome === 'cancelled')
      expect(entry).toMatchObject({ engine: 'b', attempts: 2 })
    })

    it.each([
      ['answers 500', errorScript('message_only')],
      ['breaks off in the middle', whole('{"id":"c","object":"chat.comp', true)],
    ])('where a whole answer was asked for, if it %s', async (_, script) => {
      const b = whole(COMPLETION)
      await using it = await startPool(host, { a: { script }, b: { script: b } }, fast)
      const response = await postChat(it.server.base, { ...M, stream: false })
      expect(response.status).toBe(200)
      expect(await response.text()).toBe(COMPLETION)
      expect(await logOf(it.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
    })

    it('where embeddings were asked for', async () => {
      await using it = await startPool(host, {
        a: { script: errorScript('message_only') },
        b: bare,
      })
      const response = await fetch(`${it.server.base}/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...M, input: 'Hi' }),
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ data: [{ embedding: [1, 2] }] })
      expect(await logOf(it.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
    })
  })

  describe('an upstream is not replaced', () => {
    it('where a whole answer was asked for: it says nothing until it is done', async () => {
      const a = { script: { ...whole(COMPLETION), headersAfter: 1_000 } }
      await using it = await startPool(host, { a, b: {} }, fast)
      const response = await postChat(it.server.base, { ...M, stream: false })
      expect(await response.text()).toBe(COMPLETION)
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it.each([
      ['breaks off', { cut: true } as const, 'upstream_truncated'],
      ['is reset', { reset: true } as const, 'upstream_truncated'],
      ['fails', { send: 'data: {"error":"x"}\n\n' }, 'upstream_error'],
    ])('after its first chunk: it %s, which is the one outcome', async (_, end, code) => {
      const steps = [{ send: token('tok') }, { wait: 50 }, end]
      await using it = await startPool(host, { a: { script: { steps } }, b: {} })
      const response = await postChat(it.server.base, M)
      const read = await readStream(response)
      expect(read).toMatchObject({ outcome: 'failed', text: 'tok', problems: [], error: { code } })
      expect(read.events.filter(({ data }) => data.includes('"error":'))).toHaveLength(1)
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ outcome: 'failed', engine: 'a', code })
      expect(entry.attempts).toBeUndefined()
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it.each([true, false])('where the request is at fault; stream: %s', async (stream) => {
      const script = errorScript('ollama_field')
      await using it = await startPool(host, { a: { script }, b: {} })
      const response = await postChat(it.server.base, { ...M, stream })
      expect(response.status).toBe(400)
      expect((await errorOf(response)).message).toContain('invalid message content type')
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it('where nothing else serves the model, however long that takes', async () => {
      const a = { script: { headersAfter: 1_000, ...talk('late') } }
      await using it = await startPool(host, { a, b: { models: named('n') } }, fast)
      const response = await postChat(it.server.base, M)
      expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'late' })
      expect(chatsAt(it.upstreams.a)).toBe(1)
    })
  })

  describe('the only upstream is asked once more', () => {
    const recovering = async (error: Script) => {
      const it = await startPool(host, { a: { script: error } })
      const started = performance.now()
      const asking = postChat(it.server.base, M)
      await it.upstreams.a?.next()
      if (it.upstreams.a) it.upstreams.a.script = talk('again')
      const response = await asking
      return { it, response, read: await readStream(response), took: performance.now() - started }
    }

    it('after a moment, where it failed', async () => {
      const { it, response, read, took } = await recovering(errorScript('message_only'))
      await using _ = it
      expect(read).toMatchObject({ outcome: 'finished', text: 'again' })
      expect(took).toBeGreaterThan(95)
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ engine: 'a', attempts: 2, failures: ['a 500'] })
    })

    it('after the time that it asks for, where that is short', async () => {
      const busy = { ...errorScript('openai_rate'), headers: { 'retry-after': '1' } }
      const { it, read, took } = await recovering(busy)
      await using _ = it
      expect(read).toMatchObject({ outcome: 'finished', text: 'again' })
      expect(took).toBeGreaterThan(990)
    })

    it('once, and its own words are told', async () => {
      await using it = await startPool(host, { a: { script: errorScript('message_only') } })
      const response = await postChat(it.server.base, M)
      expect(response.status).toBe(500)
      expect((await errorOf(response)).message).toContain('CUDA out of memory')
      expect(chatsAt(it.upstreams.a)).toBe(2)
    })

    it('not where it asks for a long rest: the client is told how long', async () => {
      await using it = await startPool(host, { a: { script: errorScript('openai_rate') } })
      const response = await postChat(it.server.base, M)
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('7')
      expect(chatsAt(it.upstreams.a)).toBe(1)
    })
  })

  describe('upstreams', () => {
    it('share the load', async () => {
      const script = pace(24, 50)
      await using it = await startPool(host, { a: { script }, b: { script }, c: { script } })
      const reads = Array.from({ length: 6 }, async () =>
        readStream(await postChat(it.server.base, M)),
      )
      for (const read of await Promise.all(reads)) expect(read.outcome).toBe('finished')
      expect(Object.values(it.upstreams).map(chatsAt)).toEqual([2, 2, 2])
    })

    it('may die under load: only streams that have begun notice', async () => {
      await using it = await startPool(host, { a: {}, b: {} })
      let isOver = false
      const clients = Array.from({ length: 10 }, async () => {
        while (!isOver) {
          const response = await postChat(it.server.base, M)
          const read = await readStream(response)
          expect(response.status).toBe(200)
          if (read.outcome === 'failed') expect(read.text).toBe('a')
          else expect(read).toMatchObject({ outcome: 'finished', problems: [] })
        }
      })
      await sleep(300)
      await it.upstreams.a?.close()
      await sleep(700)
      isOver = true
      await Promise.all(clients)
    })

    it('that fail again and again are left alone', () => leftAlone(host))
  })

  describe('models', () => {
    names(host)
  })
}

async function leftAlone(host: HostName): Promise<void> {
  const flags = ['--affinity', 'off']
  const given = { a: { script: errorScript('message_only') }, b: {} }
  await using it = await startPool(host, given, { flags })
  const { server, upstreams } = it
  for (let round = 0; round < 8; round++) {
    const read = await readStream(await postChat(server.base, M))
    expect(read).toMatchObject({ outcome: 'finished', text: 'b' })
  }
  expect(chatsAt(upstreams.a)).toBe(5)
  const health = await (await fetch(`${server.url}/health`)).json()
  expect(health).toMatchObject({
    status: 'degraded',
    engines: [{ engine: 'a', state: 'open' }, { engine: 'b', state: 'up' }, {}],
  })
  await allOpen(it)
}

/** Both have failed too often: who asks is told when to come again. */
async function allOpen({ server, upstreams }: PoolUnderTest): Promise<void> {
  if (upstreams.b) upstreams.b.script = errorScript('message_only')
  let response = await postChat(server.base, M)
  for (let round = 0; round < 10 && response.status === 500; round++) {
    response = await postChat(server.base, M)
  }
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await errorOf(response)).toMatchObject({ code: 'engine_resting' })
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  const ready = await fetch(`${server.url}/health/ready`)
  expect(ready.status).toBe(503)
  expect(ready.headers.get('retry-after')).toBe('5')
  expect((await errorOf(ready)).message).toContain('a is open, b is open')
}
