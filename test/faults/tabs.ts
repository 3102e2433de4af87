import { describe, expect, it } from 'vitest'
import { type HostName, startServer } from '../support/server.ts'
import { Churn, KEYS } from '../tabs/churn.ts'
import { deafReader, slowReader } from './tabs-slow.ts'

/** Declares what tabs and their clients do; the tests wait for most of their time. */
export function tabs(host: HostName): void {
  // It serves by Node's server.
  if (host === 'deno' && process.env.SLUICE_TEST_HOSTS !== 'whole') return
  describe.concurrent('tabs that', () => {
    // Half a minute: one host is enough.
    if (host === 'bun') churn(host)
    // Beside the half minute it is longer than a tab may be silent while it answers.
    it('answer a client that reads a kilobyte a second wait for it', () => {
      return slowReader(host, host === 'bun' ? 13 : 1)
    }, 60_000)
    it('answer a client that reads nothing answer the next one', () => deafReader(host), 60_000)
  })
}

/** Declares tabs that come and go on one host; `test/tabs/many.long.test.ts` has them do so for minutes. */
function churn(host: HostName): void {
  it('join, leave and die under load: each request ends in one way', async () => {
    const seed = Date.now() % 2 ** 31
    await using server = await startServer(host, ['--log', 'none'], { SLUICE_KEYS: KEYS })
    const { counts, wrong } = await new Churn(server, seed).run(6, 20, 12)
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(counts.streamed).toBeGreaterThan(0)
  }, 90_000)
}
