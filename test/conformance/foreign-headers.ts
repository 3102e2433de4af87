import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { wholeMessage } from '../support/messages-upstream.ts'
import { type PoolUnderTest, startPool } from '../support/pool.ts'
import { postChat, rawRequest, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { token } from '../support/talk.ts'

const M = { model: 'm' }

/** Values that a runtime refuses to write, or to hold, each as bytes in ISO 8859-1. */
const UNSAFE = {
  'a control character': 'a\u0001b',
  'a byte that is a control character in ISO 8859-1 and none in windows-1252': '\u0080',
  'a letter beyond ASCII': '\u00e9',
}

const DONE = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** An answer by hand, with a header value that `node:http` would not write. */
function withHeader(value: string, status: string, type: string, body: string): Script {
  const lines = [
    `HTTP/1.1 ${status}`,
    `content-type: ${type}`,
    ...['retry-after', 'openai-processing-ms'].map((name) => `${name}: ${value}`),
    'openai-version: 2020-10-01',
    'connection: close',
  ]
  const text = `${lines.join('\r\n')}\r\n\r\n${body}`
  const then = 'cut'
  return { instead: { text, then, encoding: 'latin1' }, steps: [] }
}

/** Headers that an upstream or a client chose: what can't be sent safely is not sent. */
export function foreignHeaders(host: HostName): void {
  let pool: PoolUnderTest
  beforeAll(async () => {
    const each = { a: { nativeApis: ['messages'] }, b: { nativeApis: ['messages'] } }
    const counts = 'messages' as const
    pool = await startPool(host, { a: { counts }, b: { counts } }, { each })
  })
  afterAll(async () => pool?.[Symbol.asyncDispose]())

  const expectServing = async () => {
    const { server } = pool
    expect(await readStream(await postChat(server.base, M))).toMatchObject({ outcome: 'finished' })
    const health = (await (await fetch(`${server.url}/health`)).json()) as { engines: object[] }
    for (const engine of health.engines.slice(0, 2)) {
      expect(engine).toMatchObject({ state: 'up', running: 0 })
    }
  }

  describe.each(Object.entries(UNSAFE))(
    'an upstream that sends %s in a header',
    needs(host, 'odd-headers'),
    (_, value) => {
      it('is streamed without that header', async () => {
        const script = withHeader(value, '200 OK', 'text/event-stream', token('Hi') + DONE)
        const response = await postChat(pool.server.base, { ...M, script })
        const read = await readStream(response)
        expect(read).toMatchObject({ status: 200, outcome: 'finished', text: 'Hi', problems: [] })
        expect(response.headers.get('openai-version')).toBe('2020-10-01')
        expect(response.headers.has('retry-after')).toBe(false)
        expect(response.headers.has('openai-processing-ms')).toBe(false)
        expect(await logOf(pool.server, response)).toMatchObject({ outcome: 'finished' })
        await expectServing()
      })

      it('is told of without that header, where it refuses', async () => {
        const body = '{"error":{"message":"no such tool"}}'
        const script = withHeader(value, '400 Bad Request', 'application/json', body)
        const response = await postChat(pool.server.base, { ...M, script })
        expect(response.status).toBe(400)
        expect((await errorOf(response)).message).toBe('no such tool')
        expect(response.headers.has('retry-after')).toBe(false)
        await expectServing()
      })
    },
  )

  it('a status that no response can have is an invalid answer', async () => {
    const script = withHeader('5', '799 Odd', 'application/json', '{}')
    const response = await postChat(pool.server.base, { ...M, script })
    expect(response.status).toBe(502)
    expect(await errorOf(response)).toMatchObject({ code: 'upstream_invalid' })
    await expectServing()
  })

  it.each(['/v1/messages', '/v1/messages/count_tokens'])(
    'a version that a client could not be answered in reaches no upstream and blames none: %s',
    needs(host, 'sockets'),
    async (path) => {
      const script = wholeMessage({ text: ['Hi'] })
      const messages = [{ role: 'user', content: 'Go.' }]
      const body = { ...M, max_tokens: 9, messages, ...(path.endsWith('s') && { script }) }
      for (let round = 0; round < 6; round++) {
        const headers = { 'anthropic-version': '\u00e9', 'anthropic-beta': 'some-beta' }
        const raw = await rawRequest({ port: pool.server.port, path, headers, body })
        await raw.waitFor(/\r\n\r\n[\s\S]*\}/)
        expect(raw.status()).toBe(200)
        raw.hangUp()
      }
      const { upstreams } = pool
      const sent = [upstreams.a, upstreams.b].flatMap((upstream) => upstream?.requests ?? [])
      const those = sent.filter((request) => request.path === path)
      expect(those.length).toBeGreaterThan(0)
      for (const { headers } of those) {
        expect(headers['anthropic-version']).toBeUndefined()
        expect(headers['anthropic-beta']).toBe('some-beta')
      }
      await expectServing()
    },
  )
}
