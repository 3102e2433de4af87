import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { rawRequest } from '../support/read.ts'
import { nextFor, tag, useRelay } from '../support/relay.ts'
describe('probe', () => {
  const relay = useRelay('deno', { flags: ['--heartbeat', '20s', '--header-wait', '20s'] })
  const cases: Record<string, object> = {
    'noheaders': { headersAfter: 'never', steps: [] },
    'json-half': { headers: { 'content-type': 'application/json' }, steps: [{ send: '{"id":"a",' }, { hang: true }] },
    'json-long': { headers: { 'content-type': 'application/json' }, steps: [{ send: '{"id":"a",'.repeat(30) }, { hang: true }] },
    'sse': { headers: { 'content-type': 'text/event-stream' }, steps: [{ send: ': hello\n\n' }, { hang: true }] },
    'sse-nosend': { headers: { 'content-type': 'text/event-stream' }, steps: [{ hang: true }] },
    'json-nosend': { headers: { 'content-type': 'application/json' }, steps: [{ hang: true }] },
  }
  for (const round of [1, 2, 3]) for (const [name, script] of Object.entries(cases)) it(name + round, async () => {
    const body = tag({ model: 'm', stream: false, messages: [{ role: 'user', content: 'x' }], script })
    const client = await rawRequest({ port: relay.server.port, body })
    const up = await nextFor(relay, body)
    await sleep(100)
    const n = relay.server.log.length
    client.hangUp()
    const ok = await up.closedWithin(700).catch(() => 0)
    console.log(name, round, ok ? 'ok' : 'LATE', relay.server.log.slice(n).map((e) => e.outcome).join())
  })
})
