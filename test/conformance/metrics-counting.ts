import { expect, it } from 'vitest'
import { can } from '../support/hosts.ts'
import { type Scrape, scrape } from '../support/metrics.ts'
import { useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { countOf, type Fate, fateOf, playStream } from './metrics-client.ts'
import { scenarioScript } from './metrics-scenarios.ts'

/** How many streams there are, and how many of them at once. */
const STREAMS = 1_000
const AT_ONCE = 40

/** The numbers of a thousand streams, with every fault, are those that their client counted. */
export function countedStreams(host: HostName): void {
  const noticesLate = !can(host, 'hangups')
  const relay = useRelay(host, {
    upstream: { script: scenarioScript, models: [{ id: 'm' }] as never },
    flags: [
      ...['--token-timeout', '4s', '--max-concurrency', '30'],
      // workerd learns that a client has left as it writes.
      ...(noticesLate ? ['--heartbeat', '250ms', '--header-wait', '300ms'] : []),
    ],
  })

  it(`${STREAMS} streams, each counted once`, { timeout: 60_000 }, async () => {
    const fates: Fate[] = []
    let next = 0
    async function work(): Promise<void> {
      for (let index = next++; index < STREAMS; index = next++) {
        fates.push(await playStream(relay, fateOf(index)))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const found = await settled(relay.server.url, fates, noticesLate ? 0.5 : 1)
    for (const api of new Set(fates.map(({ path }) => path))) {
      const own = fates.filter(({ path }) => path === api)
      for (const outcome of ['finished', 'failed', 'cancelled', 'refused', 'ok']) {
        const labels = { api, outcome }
        const expected = countOf(own, (fate) => fate.outcome === outcome)
        expect(found.sum('sluice_requests_total', labels), `${api} ${outcome}`).toBe(expected)
        const durations = found.sum('sluice_request_duration_seconds_count', labels)
        expect(durations, `${api} ${outcome}`).toBe(expected)
      }
      for (const code of new Set([...own.map((fate) => fate.code), ...codesOf(found)])) {
        if (code === undefined) continue
        const counted = found.sum('sluice_request_failures_total', { api, code })
        expect(counted, `${api} ${code}`).toBe(countOf(own, (fate) => fate.code === code))
      }
      const blocked = found.sum('sluice_client_blocked_seconds_count', { api })
      expect(blocked).toBe(countOf(own, ({ isStream }) => isStream))
    }
    expectEngine(found, fates)
    for (const outcome of ['finished', 'failed', 'cancelled', 'refused'])
      expect(
        countOf(fates, (fate) => fate.outcome === outcome),
        outcome,
      ).toBeGreaterThan(30)
  })

  function expectEngine(found: Scrape, fates: Fate[]): void {
    const asked = relay.upstream.requests.filter(({ method }) => method === 'POST')
    expect(found.sum('sluice_attempts_total')).toBe(asked.length)
    expect(found.sum('sluice_queue_wait_seconds_count')).toBe(asked.length)
    const tokens = countOf(fates, ({ hasTokens }) => hasTokens)
    expect(found.sum('sluice_time_to_first_token_seconds_count')).toBe(tokens)
    const repaired = countOf(fates, ({ scenario, outcome }) => {
      return scenario === 'repaired' && outcome === 'finished'
    })
    expect(found.sum('sluice_repairs_total', { kind: 'id' })).toBe(repaired)
    for (const direction of ['input', 'output'] as const) {
      const sum = fates.reduce((all, fate) => all + fate.tokens[direction], 0)
      expect(found.sum('sluice_tokens_total', { direction }), direction).toBe(sum)
    }
    const cancelled = countOf(fates, ({ outcome }) => outcome === 'cancelled')
    const stopped = found.sum('sluice_engine_stop_seconds_count', { engine: 'gpu' })
    // workerd may end a request without its client before it could tell of its engine's end.
    if (noticesLate) expect(stopped).toBeLessThanOrEqual(cancelled)
    else expect(stopped).toBe(cancelled)
    expect(stopped).toBeGreaterThan(cancelled / 2)
    expect(found.sum('sluice_requests_running')).toBe(0)
    expect(found.sum('sluice_engine_running', { engine: 'gpu' })).toBe(0)
    expect(found.sum('sluice_series_dropped_total')).toBe(0)
    const models = found.values('sluice_requests_total', 'model').filter((name) => name !== '')
    expect(models.sort()).toEqual(['m', 'other'])
  }
}

/** The metrics, once all requests have ended, and this share of the engines that had to stop has stopped. */
async function settled(url: string, fates: Fate[], share: number): Promise<Scrape> {
  const cancelled = share * countOf(fates, ({ outcome }) => outcome === 'cancelled')
  const deadline = performance.now() + 8_000
  for (;;) {
    const found = await scrape(url)
    const paths = new Set(fates.map(({ path }) => path))
    const ended = [...paths].reduce(
      (sum, api) => sum + found.sum('sluice_requests_total', { api }),
      0,
    )
    const stopped = found.sum('sluice_engine_stop_seconds_count')
    const isOver = ended >= fates.length && stopped >= cancelled
    if (isOver || performance.now() > deadline) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const codesOf = (found: Scrape) => found.values('sluice_request_failures_total', 'code')
