import { expect, it } from 'vitest'
import { type HostName, startServer } from '../support/server.ts'
import { Churn, KEYS } from '../tabs/churn.ts'

/** Declares tabs that come and go on one host; `test/tabs/many.long.test.ts` has them do so for minutes. */
export function tabs(host: HostName): void {
  it('join, leave and die under load: each request ends in one way', async () => {
    const seed = Date.now() % 2 ** 31
    await using server = await startServer(host, ['--log', 'none'], { SLUICE_KEYS: KEYS })
    const { counts, wrong } = await new Churn(server, seed).run(6, 20, 12)
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(counts.streamed).toBeGreaterThan(0)
  }, 90_000)
}
