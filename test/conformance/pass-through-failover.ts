import { expect, it } from 'vitest'
import { PASS_PATHS } from '../support/pass-through.ts'
import { asked, postForm, postJson } from '../support/passing.ts'
import { named, startPool } from '../support/pool.ts'
import { expectError } from '../support/refusal.ts'
import { logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

const SPEECH = '/v1/audio/speech'
const RERANK = '/v1/rerank'

/** Whether another server is asked where the first one does not answer. */
export function failover(host: HostName): void {
  const passes = PASS_PATHS
  const body = { model: 'm', query: 'a', documents: ['b'] }

  it.each<[string, object]>([
    ['lacks the path', {}],
    ['is gone', { passes, port: undefined }],
  ])('answers where the first one %s, whose breaker stays closed', async (what, options) => {
    await using it = await startPool(host, { a: options, b: { passes } })
    const { a, b } = it.upstreams
    if (what === 'is gone') await a?.close()
    for (let count = 0; count < 8; count++) {
      const response = await postJson(`${it.server.url}${RERANK}`, body)
      expect(response.status, await response.text()).toBe(200)
    }
    expect(asked(b?.requests ?? [], RERANK)).toHaveLength(8)
    if (what === 'is gone') return
    // That it lacks the path is remembered, and none of its chats is refused.
    expect(asked(a?.requests ?? [], RERANK)).toHaveLength(1)
    const { engines } = (await (await fetch(`${it.server.url}/health`)).json()) as {
      engines: { state: string }[]
    }
    expect(engines.map(({ state }) => state).slice(0, 2)).toEqual(['up', 'up'])
  })

  it('is asked with the same form', async () => {
    await using it = await startPool(host, { a: {}, b: { passes } })
    const url = `${it.server.url}/v1/audio/transcriptions`
    const response = await postForm(url, { model: 'm' })
    expect(await response.json()).toMatchObject({ text: 'Water finds its way.' })
    expect(await logOf(it.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
  })

  it('is named where none has the path, with what to do', async () => {
    await using it = await startPool(host, { a: {}, b: {} })
    for (let count = 0; count < 2; count++) {
      const response = await postJson(`${it.server.url}${RERANK}`, body)
      const { message, code } = await expectError(response, 404)
      expect(code).toBe('model_not_capable')
      expect(message).toMatch(
        /^model: [ab] does not offer POST \/v1\/rerank; name a model of a server that does, or run one\.$/,
      )
    }
  })

  it('is not asked in place of one whose model is refused', async () => {
    const send = JSON.stringify({ error: { message: 'The model `m` does not exist' } })
    const script = { status: 404, steps: [{ send }] }
    await using it = await startPool(host, { a: { passes, models: named('m') } })
    for (let count = 0; count < 2; count++) {
      const response = await postJson(`${it.server.url}${RERANK}`, { ...body, script })
      expect((await expectError(response, 404)).message).toContain('does not exist')
    }
    expect(asked(it.upstreams.a?.requests ?? [], RERANK)).toHaveLength(2)
  })

  it.each<[string, Script]>([
    ['a voice', { status: 404, steps: [{ send: '{"detail":"Voice nova not found"}' }] }],
    ['a feature', { status: 501, steps: [{ send: '{"error":{"message":"No such format"}}' }] }],
  ])(
    'is asked once for %s that the first one has not, and the first one again',
    async (_, script) => {
      await using it = await startPool(host, { a: { passes } })
      const url = `${it.server.url}${SPEECH}`
      const refused = await postJson(url, { model: 'm', input: 'a', script })
      const { message } = await expectError(refused, script.status ?? 0)
      expect(message).toMatch(/^(Voice nova not found|No such format)$/)
      const response = await postJson(url, { model: 'm', input: 'a' })
      expect(response.status, await response.text()).toBe(200)
    },
  )

  it('is asked for a feature that the first one has not', async () => {
    const script: Script = { status: 501, steps: [{ send: '{"error":{"message":"None"}}' }] }
    await using it = await startPool(host, { a: { passes }, b: { passes } })
    const response = await postJson(`${it.server.url}${RERANK}`, { ...body, script })
    await expectError(response, 501)
    for (const label of ['a', 'b'])
      expect(asked(it.upstreams[label]?.requests ?? [], RERANK)).toHaveLength(1)
  })

  it('is not needed where the same API has another path', async () => {
    await using it = await startPool(host, { a: { passes: ['/rerank'] } })
    const response = await postJson(`${it.server.url}${RERANK}`, body)
    expect(response.status, await response.text()).toBe(200)
  })

  it('is not there where the only one is down', async () => {
    await using it = await startPool(host, { a: { passes } }, { flags: ['--no-retry'] })
    await it.upstreams.a?.close()
    const response = await postJson(`${it.server.url}${RERANK}`, body)
    expect((await expectError(response, 502)).code).toBe('upstream_unreachable')
  })
}
