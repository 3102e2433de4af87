import { afterAll, describe, expect, it } from 'vitest'
import { errorScript } from '../support/personas/errors.ts'
import type { PersonaScript } from '../support/personas.ts'
import { postChat, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { logOf } from '../support/relay.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

const HELLO = { persona: 'openai', words: ['hello'] } satisfies PersonaScript

/** Two sluices in a row, the second of which leads back to the first; and a server that loads. */
export function relayed(host: HostName): void {
  let upstream: Upstream
  let port: number
  const second = useServerWith(host, async () => {
    upstream = await startUpstream({ models: [{ id: 'm' }] as never, script: HELLO })
    port = await closedPort()
    const back = `back=http://127.0.0.1:${port}/v1`
    const flags = ['--upstream', `gpu=${upstream.url}`, '--upstream', back]
    return { flags: [...flags, '--load-timeout', '1500ms'] }
  })
  const first = useServerWith(host, async () => {
    return { flags: ['--port', String(port), '--upstream', `next=${second.base}`] }
  })
  afterAll(() => upstream?.close())

  describe('behind another', () => {
    it('streams through both, and each tells where the request has been', async () => {
      const read = await readStream(await postChat(first.base, { model: 'm' }))
      expect(read).toMatchObject({ outcome: 'finished', text: 'hello', problems: [] })
      const { headers } = await upstream.next()
      expect(headers['x-sluice-hop']).toMatch(/^[\w-]{36}, [\w-]{36}$/)
    })

    it('lists its models once, though each leads to the other', async () => {
      const begin = performance.now()
      const list = await (await fetch(`${first.base}/models`)).json()
      expect(list).toMatchObject({ data: [{ id: 'm' }, { id: 'static' }] })
      expect((await fetch(`${first.url}/health/ready`)).status).toBe(200)
      expect(performance.now() - begin).toBeLessThan(1_500)
    })

    it.each([Array(9).fill('other').join(), 'x'.repeat(700)])(
      'refuses what has been through too many: %s',
      async (hops) => {
        const response = await fetch(`${first.base}/models`, { headers: { 'x-sluice-hop': hops } })
        expect(await expectError(response, 508)).toMatchObject({ code: 'loop_detected' })
      },
    )
  })

  describe('a server that loads its model', () => {
    it.each([true, false])('is waited for, stream: %s', async (stream) => {
      let asked = 0
      upstream.script = () => (++asked < 3 ? errorScript('llama_server_loading') : HELLO)
      const response = await postChat(second.base, { model: 'm', stream })
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('hello')
      const failures = ['gpu model_loading']
      expect(await logOf(second, response)).toMatchObject({ attempts: 3, failures })
    })

    it('is not waited for longer than a load may take', async () => {
      upstream.script = errorScript('llama_server_loading')
      for (let round = 0; round < 6; round++) void postChat(second.base, { model: 'm' })
      const response = await postChat(second.base, { model: 'm', stream: false })
      const error = await expectError(response, 503)
      expect(error).toMatchObject({ code: 'model_loading', message: 'Loading model' })
      expect(response.headers.get('retry-after')).toBe('5')
      // It is not held against the server.
      upstream.script = HELLO
      expect((await postChat(second.base, { model: 'm' })).status).toBe(200)
      const health = (await (await fetch(`${second.url}/health`)).json()) as object
      expect(health).toMatchObject({ engines: [{ engine: 'gpu', state: 'up' }, {}, {}] })
    })
  })
}
