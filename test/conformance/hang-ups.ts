import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { can } from '../support/hosts.ts'
import { nextFor, tag, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'

/** Clients that leave one after the other, and the milliseconds between two of them. */
const LEAVING = { count: 120, every: 20 }

/** Milliseconds of a heartbeat on workerd, which notices a disconnect only when it writes. */
const HEARTBEAT = 2_000

/** Many clients that leave while the engine is silent, with the settings that a host has by default. */
export function hangUps(host: HostName): void {
  const relay = useRelay(host)
  const bound = can(host, 'hangups') ? 0 : HEARTBEAT
  // Generous: the tests share the machine.
  const limit = bound + 1_500

  it.each([
    ['before its headers', { headersAfter: 'never' as const, steps: [] }],
    ['before its first chunk', { steps: [{ hang: true as const }] }],
  ])('close their upstream connections within a heartbeat: silent %s', async (_, script) => {
    relay.upstream.script = script
    const leaving = Array.from({ length: LEAVING.count }, (_, at) => leave(at * LEAVING.every))
    expect(Math.max(...(await Promise.all(leaving)))).toBeLessThan(limit)
  })

  const whole = useRelay(host, { flags: ['--answer-timeout', '1s'] })

  // Nothing is written before such an answer is complete, so workerd learns nothing before.
  it('close them at the latest at --answer-timeout where no stream was asked for', async () => {
    whole.upstream.script = { headersAfter: 'never', steps: [] }
    const body = tag({ model: 'm', messages: [{ role: 'user', content: 'Go.' }] })
    const client = await openClient(whole.server, body)
    const asked = await nextFor(whole, body)
    const left = client.hangUp()
    const took = (await asked.closedWithin(4_000)) - left
    expect(took).toBeLessThan(can(host, 'hangups') ? 900 : 3_000)
  })

  /** Resolves with the milliseconds for which its request was open at the upstream. */
  async function leave(after: number): Promise<number> {
    await sleep(after)
    const body = tag({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Go.' }] })
    const client = await openClient(relay.server, body)
    const asked = await nextFor(relay, body)
    const left = client.hangUp()
    return (await asked.closedWithin(limit + 5_000)) - left
  }
}
