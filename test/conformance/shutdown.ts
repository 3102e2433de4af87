import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { can, needs } from '../support/hosts.ts'
import { postChat, rawRequest, readStream, type StreamRead } from '../support/read.ts'
import { errorOf, nextFor, tag } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import { type HostName, type Server, startServer } from '../support/server.ts'
import { pace, token } from '../support/talk.ts'
import { type RecordedRequest, startUpstream, type Upstream } from '../support/upstream.ts'

const GRACE = 1_000

/** What a signal does to running streams: some end, the rest are told, and the process ends well. */
export function shutdown(host: HostName): void {
  describe('by a signal', () => {
    let upstream: Upstream
    beforeAll(async () => {
      upstream = await startUpstream()
    })
    afterAll(() => upstream?.close())
    const start = (flags: string[] = []) =>
      startServer(host, ['--upstream', upstream.url, '--grace', `${GRACE}ms`, ...flags])

    describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
      it('lets a stream end within the grace time, and ends one that does not', async () => {
        await using server = await start(['--heartbeat', '200ms'])
        const short = await begin(server, pace(5, 100))
        const endless = await begin(server, pace(2_000, 20))
        const silent = await begin(server, { steps: [{ send: token() }, { hang: true }] })
        const [, second, third] = upstream.requests.filter(isChat).slice(-3)
        const at = performance.now()
        const stopped = server.stop(signal)
        expect(await short.end).toMatchObject({ outcome: 'finished', problems: [] })
        for (const { end } of [endless, silent]) expectEnded(host, await end)
        expect(await stopped).toBe(0)
        const took = performance.now() - at
        expect(took).toBeGreaterThan(GRACE - 200)
        expect(took).toBeLessThan(GRACE + 2_500)
        await second?.closedWithin(1_000)
        await third?.closedWithin(1_000)
      })

      it('takes no new request', needs(host, 'sockets'), async () => {
        await using server = await start()
        const { end } = await begin(server, pace(2_000, 20))
        const keptAlive = await idle(server)
        const stopped = server.stop(signal)
        await sleep(300)
        expect(await answerOf(server)).toBeOneOf(['refused', 503])
        // A connection that was open before the signal, and idle.
        keptAlive.socket.write(`GET /health HTTP/1.1\r\nhost: a\r\n\r\n`)
        await Promise.race([keptAlive.closed, keptAlive.waitFor(/HTTP\/1\.1 503/, 3_000)])
        expect(keptAlive.text().match(/HTTP\/1\.1 200/g)).toHaveLength(1)
        expect(await stopped).toBe(0)
        await end
      })

      it(
        'ends at once where nothing runs, idle connections or not',
        needs(host, 'sockets'),
        async () => {
          await using server = await start()
          const keptAlive = await idle(server)
          const at = performance.now()
          expect(await server.stop(signal)).toBe(0)
          expect(performance.now() - at).toBeLessThan(1_200)
          keptAlive.hangUp()
        },
      )
    })

    it('lets a whole answer end within the grace time', async () => {
      await using server = await start()
      const script = { persona: 'vllm', words: ['Hi.'] }
      const late = { ...whole(), headersAfter: 500 }
      expect((await postChat(server.base, { stream: false, script })).status).toBe(200)
      const body = tag({ stream: false, script: late })
      const answer = postChat(server.base, body)
      await nextFor({ upstream }, body)
      const stopped = server.stop()
      const response = await answer
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Hi.' } }] })
      expect(await stopped).toBe(0)
    })

    // workerd tells its worker of no signal.
    it(
      'tells one that still waits for headers by its status',
      needs(host, 'draining'),
      async () => {
        await using server = await start(['--header-wait', '30s'])
        const body = tag({ script: { headersAfter: 'never', steps: [] } })
        const answer = postChat(server.base, body)
        const asked = await nextFor({ upstream }, body)
        const stopped = server.stop()
        const response = await answer
        expect(response.status).toBe(503)
        expect((await errorOf(response)).code).toBe('shutting_down')
        await asked.closedWithin(1_000)
        expect(await stopped).toBe(0)
      },
    )

    it('does not wait for a client that reads nothing', async () => {
      await using server = await start()
      const script = { steps: [{ flood: { text: token().repeat(20) } }] }
      const body = {
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'Go.' }],
        script,
      }
      const client = await openClient(server, body)
      await client.waitFor('"tok"')
      client.pause()
      await sleep(300)
      const at = performance.now()
      expect(await server.stop()).toBe(0)
      expect(performance.now() - at).toBeLessThan(GRACE + 2_500)
      client.hangUp()
    })
  })
}

/** Asks for a stream; resolves once its first token came, with the promise of its end. */
export async function begin(server: Server, script: Script): Promise<{ end: Promise<StreamRead> }> {
  const response = await postChat(server.base, { script })
  const first = Promise.withResolvers<void>()
  const end = readStream(response, {
    onEvent: () => {
      first.resolve()
      return undefined
    },
  })
  await Promise.race([first.promise, end])
  return { end }
}

function isChat({ method }: RecordedRequest): boolean {
  return method === 'POST'
}

/** A stream that outlasts the grace time: told of it, and never finished. */
function expectEnded(host: HostName, read: StreamRead): void {
  expect(read.raw).not.toContain('[DONE]')
  if (!can(host, 'draining')) {
    expect(read.outcome).toBe('truncated')
    return
  }
  expect(read).toMatchObject({ outcome: 'failed', problems: [] })
  expect(read.error).toMatchObject({ code: 'shutting_down', type: 'server_error' })
}

/** A connection that is kept alive after an answer. */
async function idle(server: Server) {
  const client = await rawRequest({ port: server.port, path: '/health' })
  await client.waitFor(/HTTP\/1\.1 200[\s\S]*"ok"/)
  return client
}

/** What a new client is told. */
async function answerOf(server: Server): Promise<'refused' | number> {
  try {
    // A connection of its own, so that none from before is used again.
    const client = await rawRequest({ port: server.port, path: '/health' })
    await Promise.race([client.closed, client.waitFor(/HTTP\/1\.1 \d{3}/, 3_000)])
    client.hangUp()
    return client.status() ?? 'refused'
  } catch {
    return 'refused'
  }
}

function whole(): Script {
  const message = { role: 'assistant', content: 'Hi.' }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  const completion = { id: 'a', object: 'chat.completion', created: 1, model: 'm', choices }
  return {
    headers: { 'content-type': 'application/json' },
    steps: [{ send: JSON.stringify(completion) }],
  }
}
