import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ActivityListSchema, ActivitySchema } from '../../src/wire/activity/schema.ts'
import { type FeedClient, idOf, listActivity, readFeed } from '../support/activity.ts'
import { openClient } from '../support/client.ts'
import { startManager } from '../support/managers.ts'
import { type PoolUnderTest, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, startServer } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { startUpstream } from '../support/upstream.ts'

const FLAGS = [
  '--max-concurrency',
  '1',
  '--header-wait',
  '50ms',
  '--heartbeat',
  '200ms',
  '--static-delay',
  '0',
]
const M = { model: 'm' }
const ASKED = { ...M, stream: true, messages: [{ role: 'user', content: 'Go.' }] }

/** Requests are shown while they happen, in each state that they come to. */
export function activity(host: HostName): void {
  let pool: PoolUnderTest
  let feed: FeedClient
  beforeAll(async () => {
    pool = await startPool(host, { a: { script: pace(10, 50) } }, { flags: FLAGS })
    feed = await readFeed(pool.server.base)
  })
  afterAll(async () => {
    await feed[Symbol.asyncDispose]()
    await pool[Symbol.asyncDispose]()
  })
  const upstream = () => pool.upstreams.a as NonNullable<typeof pool.upstreams.a>

  it('queued with their place, prefill, streaming with rate and gaps, and their end', async () => {
    upstream().script = {
      steps: [{ wait: 700 }, ...pace(25, 50).steps],
    }
    const chats = [1, 2, 3].map(async () => {
      const response = await postChat(pool.server.base, M)
      return { id: idOf(response), read: await readStream(response) }
    })
    const places = new Map<string, number[]>()
    await feed.until(
      ({ requests }) =>
        [...requests.values()].filter(({ state }) => state === 'queued').length >= 2,
    )
    for (const { id, state, place } of feed.requests.values())
      if (state === 'queued') places.set(id, [place ?? 0])
    expect([...places.values()].flat().sort()).toEqual([1, 2])
    const all = await Promise.all(chats)
    for (const { id, read } of all) {
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      await feed.until(({ requests }) => requests.get(id)?.state === 'ended', 15_000)
      const states = feed.states(id)
      const expected = places.has(id)
        ? ['queued', 'prefill', 'streaming', 'ended']
        : ['prefill', 'streaming', 'ended']
      expect(states.filter((state) => state !== 'reading')).toEqual(expected)
      const told = feed.told(id)
      expect(told.filter(({ state }) => state === 'ended')).toHaveLength(1)
      const rates = told.map(({ rate = 0 }) => rate)
      expect(Math.max(...rates)).toBeGreaterThan(5)
      expect(Math.max(...rates)).toBeLessThan(40)
      // Each gap is told once.
      const gaps = told.flatMap((each) => each.gaps ?? [])
      expect(gaps.length).toBeGreaterThan(15)
      expect(gaps.length).toBeLessThanOrEqual(25)
      expect(told.at(-1)).toMatchObject({
        ...{ method: 'POST', api: '/v1/chat/completions', model: 'm', engine: 'a' },
        ...{ streamed: true, outcome: 'finished', status: 200, attempts: 1 },
      })
      expect(told.at(-1)?.firstTokenMs).toBeGreaterThan(600)
      for (const each of told) expect(ActivitySchema.safeParse(each).success).toBe(true)
    }
    const waited = all.map(({ id }) => feed.requests.get(id)?.queuedMs ?? 0)
    expect(Math.max(...waited)).toBeGreaterThan(2_000)
    const speeds = await feed.until(({ parts }) =>
      parts.engines?.[0]?.recent.find(({ requests }) => requests >= 3),
    )
    expect(speeds).toMatchObject({ model: 'm' })
    expect(speeds.firstTokenMs).toBeGreaterThan(600)
    expect(speeds.rate).toBeGreaterThan(5)
    expect(speeds.rate).toBeLessThan(100)
  })

  it('the same as JSON, without those of who looks', async () => {
    const response = await postChat(pool.server.base, { model: 'static', stream: false })
    await response.text()
    await fetch(`${pool.server.url}/health`).then((health) => health.text())
    await fetch(`${pool.server.url}/`).then((page) => page.text())
    const list = await listActivity(pool.server.base)
    expect(ActivityListSchema.safeParse(list).error).toBeUndefined()
    expect(list).toMatchObject({ object: 'activity', isAdmin: true, queue: { waiting: 0 } })
    expect(list.requests[0]).toMatchObject({ id: idOf(response), outcome: 'ok', streamed: false })
    const paths = new Set(list.requests.map(({ path }) => path))
    expect([...paths].filter((path) => !/^\/v1\/(chat|models)/.test(path))).toEqual([])
    const one = await fetch(`${pool.server.base}/activity/${idOf(response)}`)
    expect(await one.json()).toEqual(list.requests[0])
  })

  it('stalled, after five seconds without a token', { timeout: 20_000 }, async () => {
    upstream().script = talk('one', 'two', { wait: 5_800 }, 'three', { wait: 600 })
    const response = await postChat(pool.server.base, M)
    const read = readStream(response)
    const id = idOf(response)
    await feed.until(({ requests }) => requests.get(id)?.state === 'stalled', 8_000)
    expect(await read).toMatchObject({ outcome: 'finished' })
    const ended = await feed.until(
      ({ requests }) => requests.get(id)?.state === 'ended' && requests.get(id),
    )
    expect(feed.states(id).slice(-3)).toEqual(['stalled', 'streaming', 'ended'])
    expect(ended).toMatchObject({ stalls: 1 })
    expect(ended.longestGapMs).toBeGreaterThan(5_000)
    expect(ended.heartbeats).toBeGreaterThan(10)
  })

  it('repaired, as soon as it is', async () => {
    // Where the role is missing, it is added to the first chunk.
    const first = token('one').replace('"role":"assistant",', '')
    upstream().script = { steps: [{ send: first }, ...pace(20, 50).steps] }
    const response = await postChat(pool.server.base, M)
    const read = readStream(response)
    const repaired = await feed.until(({ requests }) => {
      const found = requests.get(idOf(response))
      return found?.repairs && found
    })
    expect(repaired).toMatchObject({ state: 'streaming', repairs: ['role'] })
    expect(await read).toMatchObject({ outcome: 'finished', problems: [] })
  })

  it('blocked by a client that does not read', async () => {
    upstream().script = { steps: [{ flood: { text: token('x'.repeat(2_000)) } }] }
    const client = await openClient(pool.server, ASKED)
    client.pause()
    const blocked = await feed.until(
      ({ requests }) => [...requests.values()].find(({ state }) => state === 'blocked'),
      10_000,
    )
    const { id } = blocked
    client.hangUp()
    const ended = await feed.until(({ requests }) => {
      const found = requests.get(id)
      return found?.state === 'ended' && found
    }, 10_000)
    expect(ended).toMatchObject({ outcome: 'cancelled' })
    expect(ended.blockedMs).toBeGreaterThan(200)
  })

  it('ended in each way, once', async () => {
    upstream().script = { steps: [{ send: token('tok') }, { cut: true }] }
    const failed = await postChat(pool.server.base, M)
    expect((await readStream(failed)).outcome).toBe('failed')
    const refused = await postChat(pool.server.base, { model: 'm', messages: 7 })
    expect(refused.status).toBe(400)
    await refused.text()
    upstream().script = pace(2_000, 20)
    const client = await openClient(pool.server, ASKED)
    await client.waitFor('"tok"')
    client.hangUp()
    const left = await pool.server.nextLog(
      ({ outcome, model }) => outcome === 'cancelled' && model === 'm',
    )
    for (const [id, expected] of [
      [idOf(failed), { outcome: 'failed', code: expect.any(String), message: expect.any(String) }],
      [
        idOf(refused),
        { outcome: 'refused', status: 400, message: expect.stringMatching(/^messages/) },
      ],
      [left.id, { outcome: 'cancelled' }],
    ] as const) {
      await feed.until(({ requests }) => requests.get(id)?.state === 'ended')
      expect(feed.told(id).filter(({ state }) => state === 'ended')).toMatchObject([expected])
    }
  })

  it('loading, with how far it is', { timeout: 20_000 }, async () => {
    await using manager = await startManager('llama-server', {
      models: ['m', 'other'],
      loadMs: 2_500,
    })
    await using server = await startServer(host, ['--upstream', `gpu=${manager.url}`, ...FLAGS])
    await fetch(`${server.base}/models`)
    await using watching = await readFeed(server.base)
    const response = await postChat(server.base, M)
    const id = idOf(response)
    expect(await readStream(response)).toMatchObject({ outcome: 'finished' })
    await watching.until(({ requests }) => requests.get(id)?.state === 'ended')
    const loading = watching.told(id).filter(({ state }) => state === 'loading')
    expect(loading[0]?.progress).toMatch(/loading m/)
    expect(watching.states(id)).toEqual(expect.arrayContaining(['loading', 'ended']))
  })

  it('of which nothing is sent while nothing changes but a comment', async () => {
    await sleep(1_500)
    const events = feed.events.length
    const pings = feed.pings()
    await sleep(1_000)
    expect(feed.events.length - events).toBeLessThanOrEqual(1)
    expect(feed.pings() - pings).toBeGreaterThan(2)
  })

  it('and at most four times a second while much does', async () => {
    upstream().script = pace(100, 10)
    const events = feed.events.length
    const begun = performance.now()
    await readStream(await postChat(pool.server.base, M))
    const seconds = (performance.now() - begun) / 1_000
    expect(feed.events.length - events).toBeGreaterThan(2)
    expect(feed.events.length - events).toBeLessThanOrEqual(4 * seconds + 2)
  })

  describe('of which the bytes', () => {
    it('come to who watches one, from both sides, and its end', async () => {
      upstream().script = talk('one ', { wait: 600 }, 'zwei – ', { wait: 300 }, '三')
      const response = await postChat(pool.server.base, M)
      await using watching = await readFeed(pool.server.base, {
        path: `/activity/${idOf(response)}`,
      })
      const read = await readStream(response)
      expect(await watching.ended).toBe('end')
      const text = (event: string) =>
        watching.events
          .filter((each) => each.event === event)
          .map(({ data }) => (data as { text: string }).text)
          .join('')
      expect(text('sent')).toContain('zwei – ')
      expect(read.raw.endsWith(text('sent').slice(-100))).toBe(true)
      expect(text('received')).toContain('三')
      expect(text('received')).toContain('[DONE]')
      expect(watching.events[0]?.event).toBe('activity')
      expect(watching.events.at(-1)?.event).toBe('end')
      expect(watching.told(idOf(response)).at(-1)).toMatchObject({ outcome: 'finished' })
    })

    it('are all of them where it is captured, without the key of its server', async () => {
      const upstream = await startUpstream({
        script: talk('one ', { wait: 900 }, 'at sk-upstream-1'),
      })
      const flags = ['--upstream', `gpu=${upstream.url}`, '--capture', 'all', ...FLAGS]
      const env = { SLUICE_UPSTREAM_KEY: 'sk-upstream-1' }
      await using server = await startServer(host, flags, env)
      const response = await postChat(server.base, M)
      await using first = await readFeed(server.base)
      await first.until(({ requests }) => (requests.get(idOf(response))?.tokens ?? 0) > 0)
      await using watching = await readFeed(server.base, { path: `/activity/${idOf(response)}` })
      const read = await readStream(response)
      await watching.ended
      const sent = watching.events.filter(({ event }) => event === 'sent')
      expect(sent.map(({ data }) => (data as { text: string }).text).join('')).toBe(read.raw)
      const received = JSON.stringify(watching.events.filter(({ event }) => event === 'received'))
      expect(received).toContain('one ')
      expect(received).toContain('at …')
      expect(received).not.toContain('sk-upstream')
      await upstream.close()
    })

    it('are those of a running one: of another there is only its end', async () => {
      upstream().script = talk('hello')
      const response = await postChat(pool.server.base, M)
      await readStream(response)
      await using watching = await readFeed(pool.server.base, {
        path: `/activity/${idOf(response)}`,
      })
      expect(await watching.ended).toBe('end')
      expect(watching.events.map(({ event }) => event)).toEqual(['activity', 'end'])
    })
  })
}
