import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { rawRequest } from '../support/read.ts'
import { nextFor, tag, useRelay } from '../support/relay.ts'
import { frame } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
const host = (process.env.E2_HOST ?? 'deno') as HostName
describe('probe', () => {
  const relay = useRelay(host, { flags: ['--heartbeat', process.env.E2_HB ?? '20s', '--header-wait', '20s'] })
  it('x', async () => {
    const t = frame({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: 'tok' }, finish_reason: null }] })
    for (const kind of (process.env.E2_KINDS ?? 'hang,talk,flood,fold').split(',')) {
      let late = 0
      const logs: unknown[] = []
      for (let i = 0; i < 4; i++) {
        const steps = kind === 'foldhang' || kind === 'hang' ? [{ send: t }, { hang: true as const }] : kind === 'flood' ? [{ flood: { text: t.repeat(20) } }] : [{ repeat: 500, steps: [{ send: t }, { wait: 20 }] }]
        const body = tag({ model: 'm', stream: !kind.startsWith('fold'), messages: [{ role: 'user', content: 'x' }], script: { headers: { 'content-type': kind === 'foldjson' ? 'application/json' : 'text/event-stream' }, steps } })
        const client = await rawRequest({ port: relay.server.port, body })
        const up = await nextFor(relay, body)
        if (!kind.startsWith('fold')) await client.waitFor('"tok"'); else await sleep(Number(process.env.E2_WAIT ?? 60))
        if (kind === 'flood') { client.pause(); await sleep(300) }
        const n = relay.server.log.length
        client.hangUp()
        const ok = await up.closedWithin(700).catch(() => 0)
        if (!ok) { late++; await sleep(100); logs.push(relay.server.log.slice(n).map((e) => e.outcome)) }
      }
      console.log(host, kind, 'late', late, JSON.stringify(logs))
    }
  }, 120000)
})
