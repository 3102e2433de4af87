import { afterAll, expect, it } from 'vitest'
import { errorOf, logOf } from '../support/relay.ts'
import { usage } from '../support/responses-upstream.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import type { Facts } from '../support/server-facts.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import {
  type Compaction,
  type Fields,
  input,
  postTo as post,
  script,
} from './responses-compacting.ts'

const COMPACTED = {
  id: 'resp_theirs',
  object: 'response.compaction',
  created_at: 1_790_000_000,
  output: [{ type: 'compaction', id: 'cmp_theirs', encrypted_content: 'gAAAA' }],
  usage,
}

/** Upstreams with the Responses API: one that compacts, one that does not, one that answers nonsense. */
export function natively(host: HostName): void {
  const upstreams: Record<string, Upstream> = {}
  const server = useServerWith(host, async () => {
    const answers: Record<string, Facts> = {
      able: () => ({ body: COMPACTED }),
      lacking: () => undefined,
      odd: () => ({ body: { object: 'response', output: [] } }),
      full: () => ({ status: 400, body: { error: { message: 'Too long.', code: 'too_long' } } }),
    }
    const upstream = []
    for (const [label, answer] of Object.entries(answers)) {
      const facts: Facts = (asked) =>
        asked.path === '/v1/responses/compact' ? answer(asked) : undefined
      const models = [{ id: label, object: 'model', created: 1, owned_by: 'me' } as const]
      const started = await startUpstream({ models, facts, script: script as never })
      upstreams[label] = started
      upstream.push({ label, url: started.url, nativeApis: ['responses'] })
    }
    return { flags: [], env: { SLUICE_CONFIG: JSON.stringify({ upstream }) } }
  })
  afterAll(() => Promise.all(Object.values(upstreams).map((each) => each.close())))

  it('which gets the whole conversation, and whose answer is passed on', async () => {
    const asked = [...input, { type: 'compaction_trigger' }]
    const body = { model: 'able', input: asked, store: true }
    const response = await post(server.base, 'compact', body)
    expect(await response.json()).toEqual(COMPACTED)
    const sent = upstreams.able?.requests.find(({ path }) => path === '/v1/responses/compact')
    const { input: told, ...fields } = (sent?.body ?? {}) as { input: Fields[] }
    expect(fields).toEqual({ model: 'able' })
    expect(told.map(({ type }) => type)).toEqual([
      ...['message', 'message', 'reasoning', 'function_call', 'function_call_output'],
      ...['message', 'message'],
    ])
    expect(await logOf(server, response)).toMatchObject({ engine: 'able', outcome: 'ok' })
  })

  it('or by a summary, where that has no such path', async () => {
    const response = await post(server.base, 'compact', { model: 'lacking', input })
    const { output } = (await response.json()) as Compaction
    expect(output.at(-1)).toMatchObject({ type: 'compaction' })
    expect(output).toHaveLength(4)
  })

  it('or fails, where that answers something else or refuses', async () => {
    const odd = await post(server.base, 'compact', { model: 'odd', input })
    expect(odd.status).toBe(502)
    expect(await errorOf(odd)).toMatchObject({ code: 'upstream_invalid' })
    const full = await post(server.base, 'compact', { model: 'full', input })
    expect(full.status).toBe(400)
    expect(await errorOf(full)).toMatchObject({ code: 'too_long' })
  })
}
