import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { can, needs } from '../support/hosts.ts'
import { type Scrape, scrape } from '../support/metrics.ts'
import { startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, relayChat, useRelay } from '../support/relay.ts'
import { type HostName, startServer, useServerWith } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'

const CHAT = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'Go.' }]

/** What GET /metrics counts, and who may read it. */
export function metrics(host: HostName): void {
  const writesToKnow = can(host, 'hangups') ? [] : ['--heartbeat', '200ms']
  const relay = useRelay(host, {
    upstream: { models: [{ id: 'm' }] as never, passes: ['/v1/rerank'] },
    flags: ['--static-delay', '0', ...writesToKnow],
  })
  const read = (options = {}) => scrape(relay.server.url, options)

  /** What a request adds to a metric. */
  async function added(act: () => Promise<unknown>, of: (found: Scrape) => number) {
    const before = of(await read())
    await act()
    // A request that has no stream is counted just after its answer was sent.
    for (let tries = 0; tries < 40; tries++) {
      if (of(await read()) !== before) break
      await sleep(25)
    }
    return of(await read()) - before
  }

  const outcomes =
    (outcome: string, labels = {}) =>
    (found: Scrape) =>
      found.sum('sluice_requests_total', { api: CHAT, outcome, ...labels })

  it('is text that Prometheus reads, and OpenMetrics where that is asked for', async () => {
    await relayChat(relay, { model: 'm', script: talk('a', 'b') })
    const plain = await read()
    const open = await read({ open: true })
    expect(plain.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(open.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    const names = ({ samples }: Scrape) => [...new Set(samples.map(({ name }) => name))]
    expect(names(open)).toEqual(names(plain))
    expect(plain.sum('sluice_build_info')).toBe(1)
    expect(plain.sum('sluice_engine_up', { engine: 'gpu' })).toBe(1)
    expect(plain.sum('sluice_breaker_state', { engine: 'gpu', state: 'closed' })).toBe(1)
    expect(plain.sum('sluice_queue_limit')).toBe(100)
  })

  it('asks the engines whether they are up, while nobody else does', async () => {
    await using server = await startServer(host, ['--upstream', `gpu=${relay.upstream.url}`])
    const up = async () => (await scrape(server.url)).sum('sluice_engine_up', { engine: 'gpu' })
    for (let tries = 0; tries < 100 && (await up()) === 0; tries++) await sleep(25)
    expect(await up()).toBe(1)
  })

  it.each([
    ['finished', { stream: true, script: talk('a') }],
    ['ok', { stream: false, script: { steps: [{ send: COMPLETION }] } }],
    ['failed', { stream: true, script: { steps: [{ send: token() }, { cut: true }] } }],
    ['refused', { stream: true, messages: 7 }],
  ] as const)('counts %s once', async (outcome, fields) => {
    const ask = () =>
      fetch(relay.server.url + CHAT, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages, ...fields }),
      }).then((response) => response.text())
    expect(await added(ask, outcomes(outcome))).toBe(1)
  })

  it('counts a client that leaves before the end as cancelled, and when its engine stopped', async () => {
    const ask = async () => {
      const client = await openClient(relay.server, {
        ...{ model: 'm', stream: true, messages },
        script: pace(200, 20),
      })
      await client.waitFor('tok')
      client.hangUp()
    }
    const stops = (found: Scrape) =>
      found.sum('sluice_engine_stop_seconds_count', { engine: 'gpu' })
    const both = (found: Scrape) => outcomes('cancelled')(found) * 1000 + stops(found)
    const total = await added(ask, (found) => (stops(found) > 0 ? both(found) : 0))
    expect(total % 1000).toBeGreaterThan(0)
    expect(Math.floor(total / 1000)).toBeGreaterThan(0)
  })

  it('counts a client that closes after the last event as finished', async () => {
    const ask = async () => {
      const client = await openClient(relay.server, {
        ...{ model: 'm', stream: true, messages },
        script: talk('a', 'b'),
      })
      await client.waitFor('[DONE]')
      client.hangUp('reset')
    }
    const cancelled = outcomes('cancelled')(await read())
    expect(await added(ask, outcomes('finished'))).toBe(1)
    await sleep(100)
    expect(outcomes('cancelled')(await read())).toBe(cancelled)
  })

  it('counts tokens as the engine reported them, and not where it did not', async () => {
    const usage = { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 }
    const of = (direction: string) => (found: Scrape) =>
      found.sum('sluice_tokens_total', { direction, model: 'm', engine: 'gpu' })
    const chunk = { ...ENVELOPE, choices: [], usage }
    const told = talk('a', 'b')
    const steps = [...told.steps.slice(0, -1), { send: STOP }, { chunk }, { send: DONE }]
    const counted = () => relayChat(relay, { model: 'm', script: { steps } })
    expect(await added(counted, of('input'))).toBe(11)
    const before = of('output')(await read())
    await relayChat(relay, { model: 'm', script: told })
    expect(of('output')(await read())).toBe(before)
  })

  it('measures the first token and the pauses', async () => {
    const ask = () => relayChat(relay, { model: 'm', script: pace(5, 60) })
    const gaps = (found: Scrape) =>
      found.sum('sluice_token_gap_seconds_count', { model: 'm', engine: 'gpu' })
    expect(await added(ask, gaps)).toBeGreaterThanOrEqual(3)
    const found = await read()
    const sum = found.sum('sluice_token_gap_seconds_sum', { model: 'm' })
    expect(sum).toBeGreaterThan(0.1)
    expect(found.sum('sluice_time_to_first_token_seconds_count', { model: 'm' })).toBeGreaterThan(0)
  })

  it.each([
    ['/v1/embeddings', { model: 'm', input: 'Hi' }],
    ['/v1/rerank', { model: 'm', query: 'a', documents: ['b'] }],
    ['/api/chat', { model: 'static', messages }],
    ['/v1/messages', { model: 'static', max_tokens: 9, messages }],
  ])('counts %s', async (api, body) => {
    const ask = () => post(api, body)
    expect(await added(ask, (found) => found.sum('sluice_requests_total', { api }))).toBe(1)
    expect(await added(ask, (found) => found.sum('sluice_attempts_total'))).toBe(1)
  })

  it(
    'counts a response in the background once, when it has ended',
    needs(host, 'waking'),
    async () => {
      const api = '/v1/responses'
      const of = (found: Scrape) => found.sum('sluice_requests_total', { api, outcome: 'finished' })
      const ask = () => post(api, { model: 'static', input: 'Hi', background: true })
      expect(await added(ask, of)).toBe(1)
    },
  )

  it('makes no series of what nobody configured', async () => {
    await post('/nowhere', {})
    await post(CHAT, { model: 'none-0', messages })
    await added(
      () => post('/wp-admin', {}),
      (found) => found.sum('sluice_requests_total', { api: 'other' }),
    )
    const before = await read()
    for (let index = 1; index < 20; index++) {
      await fetch(`${relay.server.url}/scan/${index}`)
      await post(`/v1/scan-${index}`, {})
      await post(CHAT, { model: `none-${index}`, messages })
    }
    const found = await read()
    // Those of GET /metrics itself.
    const idOf = ({ name, labels }: { name: string; labels: object }) =>
      name + JSON.stringify(labels)
    const known = new Set(before.samples.map(idOf))
    const fresh = found.samples.filter((sample) => !known.has(idOf(sample)))
    expect(fresh.filter(({ labels }) => labels.api !== '/metrics')).toEqual([])
    expect(found.text).not.toMatch(/none-|scan/)
    expect(found.sum('sluice_requests_total', { model: 'other' })).toBeGreaterThanOrEqual(20)
  })

  const post = (path: string, body: object) =>
    fetch(relay.server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then((response) => response.text())

  describe('attempts', () => attempts(host))
  describe('with keys', () => withKeys(host))

  it('is not there where it is switched off', async () => {
    await using server = await startServer(host, ['--no-metrics', '--static-delay', '0'])
    await readStream(await postChat(server.base, { model: 'static', stream: true }))
    const response = await fetch(`${server.url}/metrics`)
    expect(response.status).toBe(404)
    expect((await errorOf(response)).message).toContain('--no-metrics')
  })
}

/** Of several engines. */
function attempts(host: HostName): void {
  it('are counted with what each came to, and who took over', async () => {
    const script = { status: 500, steps: [{ send: '{"error":{"message":"broken"}}' }] }
    await using it = await startPool(host, { a: { script }, b: {} }, {})
    const response = await postChat(it.server.base, { model: 'm' })
    expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'b' })
    const found = await scrape(it.server.url)
    const attempts = (labels: object) => found.sum('sluice_attempts_total', { ...labels })
    expect(attempts({ engine: 'a', result: 'none' })).toBe(1)
    expect(attempts({ engine: 'b', result: 'finished' })).toBe(1)
    expect(attempts({})).toBe(2)
    expect(found.sum('sluice_failovers_total', { from: 'a', to: 'b' })).toBe(1)
    expect(found.sum('sluice_requests_total', { api: CHAT })).toBe(1)
    expect(found.sum('sluice_requests_total', { engine: 'b', outcome: 'finished' })).toBe(1)
    expect(found.sum('sluice_request_failures_total', { api: CHAT })).toBe(0)
  })
}

function withKeys(host: HostName): void {
  let upstream: Upstream
  const keys = [
    entry('root', 'root-key', { admin: true }),
    entry('prom', 'prom-key', { metrics: true }),
    entry('slow', 'slow-key', { requestsPerMinute: 1 }),
    entry('few', 'few-key', { tokensPerMinute: 10 }),
    entry('one', 'one-key', { maxConcurrency: 1 }),
  ]
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({ models: [{ id: 'm' }] as never })
    return {
      flags: ['--upstream', `gpu=${upstream.url}`],
      env: { SLUICE_KEYS: JSON.stringify(keys) },
    }
  })
  afterAll(() => upstream?.close())
  const prom = bearer('prom-key')
  const ask = (key: string, body: object = {}) =>
    postChat(server.base, { model: 'm', script: talk('a'), ...body }, bearer(key))

  it('a key for metrics reads them, and may use nothing else', async () => {
    expect((await scrape(server.url, prom)).samples.length).toBeGreaterThan(5)
    for (const path of ['/v1/models', '/api/tags', '/v1/activity', '/v1/nowhere']) {
      const response = await fetch(server.url + path, prom)
      expect(response.status, path).toBe(403)
      expect(await response.text(), path).toContain('GET /metrics and nothing else')
    }
    const response = await ask('prom-key')
    expect(response.status).toBe(403)
    expect((await errorOf(response)).message).toContain('GET /metrics')
    const health = await (await fetch(`${server.url}/health`, prom)).json()
    expect(health).not.toHaveProperty('models')
  })

  it('an ordinary key may not read them, and is told which may', async () => {
    const response = await fetch(`${server.url}/metrics`, bearer('slow-key'))
    expect(response.status).toBe(403)
    expect((await errorOf(response)).message).toMatch(/admin: true or metrics: true/)
  })

  it('names the keys, and the limits that they reach', async () => {
    await readStream(await ask('root-key'))
    await readStream(await ask('slow-key'))
    for (let index = 0; index < 2; index++) expect((await ask('slow-key')).status).toBe(429)
    expect((await ask('few-key', { max_tokens: 900 })).status).toBe(200)
    expect((await ask('few-key', { max_tokens: 900 })).status).toBe(429)
    const found = await scrape(server.url, prom)
    expect(found.sum('sluice_requests_total', { key: 'root', outcome: 'finished' })).toBe(1)
    const hits = (key: string, limit: string) =>
      found.sum('sluice_limit_hits_total', { key, limit })
    expect(hits('slow', 'requests')).toBeGreaterThanOrEqual(2)
    expect(hits('few', 'tokens')).toBe(1)
    const refused = { api: CHAT, code: 'rate_limit_exceeded', outcome: 'refused' }
    expect(found.sum('sluice_request_failures_total', refused)).toBeGreaterThanOrEqual(3)
    expect(found.sum('sluice_requests_total', { api: CHAT, key: 'slow', outcome: 'refused' })).toBe(
      hits('slow', 'requests'),
    )
  })
}

const ENVELOPE = {
  id: 'chatcmpl-t',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'm',
}
const STOP = `data: ${JSON.stringify({ ...ENVELOPE, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
const DONE = 'data: [DONE]\n\n'
const COMPLETION = JSON.stringify({
  ...ENVELOPE,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
})
