import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, entry } from '../conformance/keys-entries.ts'
import { scrape } from '../support/metrics.ts'
import { postChat, readStream } from '../support/read.ts'
import { type Server, startServer } from '../support/server.ts'
import { talk, token } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type Prometheus, programOf, type Series, startPrometheus } from './prometheus.ts'

const HOSTS = ['bun', 'deno', 'node', 'workerd'] as const
const CHAT = '/v1/chat/completions'

/** How many requests each server gets that end so: another number on each. */
const SENT = { finished: 5, failed: 2, refused: 3, ok: 1 }

/** A real Prometheus asks sluice on every host. */
describe('a Prometheus', () => {
  let upstream: Upstream
  let prometheus: Prometheus
  const servers: Server[] = []
  const keys = [
    entry('root', 'root-key', { admin: true }),
    entry('prom', 'prom-key', { metrics: true }),
  ]

  beforeAll(async () => {
    upstream = await startUpstream({ models: [{ id: 'm' }] as never })
    const flags = ['--upstream', `gpu=${upstream.url}`, '--static-delay', '0']
    const env = { SLUICE_KEYS: JSON.stringify(keys) }
    servers.push(...(await Promise.all(HOSTS.map((host) => startServer(host, flags, env)))))
    for (const [index, server] of servers.entries()) await sendAll(server, index)
    prometheus = await startPrometheus({
      scrape_configs: servers.map(({ host, port }) => ({
        job_name: host,
        authorization: { credentials: 'prom-key' },
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      })),
    })
  }, 120_000)
  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]()
    await Promise.all(servers.map((server) => server.kill()))
    await upstream?.close()
  })

  async function sendAll(server: Server, more: number): Promise<void> {
    const ask = async (body: object) => {
      const response = await postChat(server.base, { model: 'm', ...body }, bearer('root-key'))
      await readStream(response)
    }
    for (let index = 0; index < SENT.finished + more; index++) await ask({ script: talk('a', 'b') })
    const cut = { steps: [{ send: token() }, { cut: true as const }] }
    for (let index = 0; index < SENT.failed + more; index++) await ask({ script: cut })
    for (let index = 0; index < SENT.refused + more; index++) await ask({ messages: 7 })
    for (let index = 0; index < SENT.ok + more; index++)
      await ask({ model: 'static', stream: false })
  }

  const byHost = (found: Series[]) =>
    Object.fromEntries(found.map(({ labels, value }) => [labels.job, value]))

  it('reads every host without an error', async () => {
    await prometheus.until('up', (found) => found.length === 4 && found.every((each) => each.value))
    const targets = await prometheus.targets()
    expect(targets.map(({ health, lastError }) => ({ health, lastError }))).toEqual(
      HOSTS.map(() => ({ health: 'up', lastError: '' })),
    )
    const info = await prometheus.query('sluice_build_info')
    expect(info.map(({ labels }) => labels.job).sort()).toEqual([...HOSTS])
  })

  it.each(Object.entries(SENT))('has as many requests that ended as %s', async (outcome, sent) => {
    const query = `sum by (job) (sluice_requests_total{api="${CHAT}",outcome="${outcome}"})`
    const expected = Object.fromEntries(HOSTS.map((host, index) => [host, sent + index]))
    const found = await prometheus.until(query, (series) => {
      return HOSTS.every((host) => byHost(series)[host] === expected[host])
    })
    expect(byHost(found)).toEqual(expected)
  })

  it('has histograms from which it computes quantiles', async () => {
    const query =
      'histogram_quantile(0.9, sum by (le, job) (sluice_time_to_first_token_seconds_bucket))'
    const found = await prometheus.until(query, (series) => series.length === 4)
    for (const { value } of found) expect(value).toBeLessThan(30)
    expect(found.map(({ labels }) => labels.job).sort()).toEqual([...HOSTS])
    const counts = await prometheus.query('sum by (job) (sluice_time_to_first_token_seconds_count)')
    // Each that finished or failed had a token; those of the static engine are no streams of an upstream.
    for (const [index, host] of HOSTS.entries())
      expect(byHost(counts)[host]).toBeGreaterThanOrEqual(SENT.finished + SENT.failed + 2 * index)
  })

  it('is told of a key that may not read them', async () => {
    const [server] = servers as [Server]
    await using other = await startPrometheus({
      scrape_configs: [
        { job_name: 'none', static_configs: [{ targets: [`127.0.0.1:${server.port}`] }] },
      ],
    })
    await other.until('up', (found) => found.length === 1)
    const [target] = await other.targets()
    expect(target).toMatchObject({ health: 'down' })
    expect(target?.lastError).toContain('401')
  })

  it.each(HOSTS)('has nothing to say of %s as promtool checks it', async (host) => {
    const server = servers[HOSTS.indexOf(host)] as Server
    const { text } = await scrape(server.url, bearer('prom-key'))
    const { status, stdout, stderr } = spawnSync(programOf('promtool'), ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('asks a hundred times a second, and no stream notices', async () => {
    const [server] = servers as [Server]
    let isOver = false
    let scrapes = 0
    const scraper = async () => {
      while (!isOver) {
        await scrape(server.url, bearer('prom-key'))
        scrapes++
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const scraping = scraper()
    const read = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const script = talk({ repeat: 40, steps: [{ send: token() }, { wait: 20 }] })
        return readStream(await postChat(server.base, { model: 'm', script }, bearer('root-key')))
      }),
    )
    isOver = true
    await scraping
    expect(scrapes).toBeGreaterThan(20)
    for (const { outcome, problems, text } of read)
      expect({ outcome, problems, text }).toEqual({
        outcome: 'finished',
        problems: [],
        text: 'tok'.repeat(40),
      })
  })
})
