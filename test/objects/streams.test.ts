// Streams that can be resumed on workerd, each in a Durable Object, with its rows on a disk.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pace, talk } from '../support/talk.ts'
import { APIS, newStreams, read, type Streams } from './support/streams.ts'

let streams: Streams
const ask: Streams['ask'] = (path, asked) => streams.ask(path, asked)
const begin: Streams['begin'] = (api, script, asked) => streams.begin(api, script, asked)

beforeAll(async () => {
  streams = await newStreams(['--heartbeat', '300ms', '--resume-grace', '2s'])
  await streams.start()
}, 60_000)

afterAll(() => streams.close())

const withoutNumber = (event: string) => event.replace(/^id: \d+\n/, '')

describe.each(Object.keys(APIS))('a stream of %s', (api) => {
  it('goes on when its client leaves, and is continued exactly where it was left', async () => {
    const { response, where, asked } = await begin(api, pace(30, 20))
    expect(where).toMatch(/^\/v1\/streams\/(strm|resp)_[0-9a-f]{32}$/)
    const first = await read(response, 5)
    const rest = await read(await ask(`${where}?starting_after=4`))
    const all = await read(await ask(where))
    expect([...first, ...rest]).toEqual(all)
    expect(all.length).toBeGreaterThan(30)
    expect(asked.finished).toBe(true)
    if (api !== 'ollama')
      expect(all.map((event) => /^id: (\d+)/.exec(event)?.[1])).toEqual(
        all.map((_, number) => String(number)),
      )
    // And as a stream that nobody asked to be resumable, but for the numbers, ids and times.
    const [path, body] = APIS[api]?.({ script: pace(30, 1) }) ?? ['', {}]
    const plain = await read(await ask(path, { body }))
    const steady = (events: string[]) =>
      events.map((event) =>
        withoutNumber(event).replaceAll(
          /(?:resp|msg|rs|in)_[0-9a-f]+|"\w*(?:created\w*|completed_at|duration)":[^,}]+/g,
          '',
        ),
      )
    expect(steady(all)).toEqual(steady(plain))
  })
})

it('is stopped by another connection, in the middle and before its first token', async () => {
  for (const [script, seen] of [
    [pace(500, 20), 2],
    [talk({ wait: 60_000 }, 'tok'), 0],
  ] as const) {
    const { response, where, asked } = await begin('chat', script)
    if (seen > 0) await read(response, seen)
    const stoppedAt = performance.now()
    const answer = await ask(where, { method: 'DELETE' })
    expect(await answer.json()).toMatchObject({ object: 'stream', state: 'stopped' })
    expect((await asked.closedWithin()) - stoppedAt).toBeLessThan(1_000)
    expect((await read(await ask(where))).at(-1)).toContain('stream_stopped')
    const again = await ask(`${where}/stop`, { method: 'POST' })
    expect(await again.json()).toMatchObject({ state: 'stopped' })
  }
})

it('is stopped when nobody reads it for the grace time', async () => {
  const { response, where, asked } = await begin('chat', pace(1_000, 20))
  await read(response, 2)
  await asked.closedWithin(8_000)
  expect((await read(await ask(where))).at(-1)).toContain('stream_abandoned')
})

it('is not found by another key, nor under an id that nobody has', async () => {
  const { where } = await begin('chat', pace(3, 5))
  for (const [path, key] of [
    [where, 'bob'],
    [`/v1/streams/strm_${'0'.repeat(32)}`, 'ann'],
    ['/v1/streams/strm_x', 'ann'],
  ] as const) {
    for (const method of ['GET', 'DELETE']) {
      const answer = await ask(path, { key, method })
      expect(answer.status).toBe(404)
      expect(await answer.text()).toContain('stream_not_found')
    }
  }
  expect((await ask(where, { key: 'nobody' })).status).toBe(401)
})

it('runs a response in the background, which others follow while it runs', async () => {
  const body = { model: 'm', input: 'Hi', background: true, script: pace(60, 20) }
  const queued = await streams.json('/v1/responses', { body })
  const follow = () => ask(`/v1/responses/${queued.id}?stream=true`).then((each) => read(each))
  const [one, two] = await Promise.all([follow(), follow()])
  expect(one).toEqual(two)
  expect(one.at(-1)).toContain('response.completed')
  const stored = await streams.json(`/v1/responses/${queued.id}`)
  expect(stored.status).toBe('completed')
  expect((await ask(`/v1/responses/${queued.id}`, { key: 'bob' })).status).toBe(404)
})

it('counts each request once, and tells where the state is', async () => {
  const before = await streams.usedToday()
  const { response, where } = await begin('chat', pace(2, 1))
  await read(response)
  await read(await ask(where))
  // Each look at the use counts too.
  expect((await streams.usedToday()) - before).toBe(3)
  const health = await streams.json('/health', { key: 'root' })
  expect(health).toMatchObject({ state: { kind: 'objects', status: 'connected' } })
})

it('is resumable for a key that always asks, one at a time, and tells of each once', async () => {
  const used = await streams.usedToday('bob')
  const { response, where } = await begin('chat', pace(20, 20), { key: 'bob', headers: {} })
  expect(where).toMatch(/^\/v1\/streams\/strm_/)
  const [path, body] = APIS.chat?.({ script: pace(2, 1) }) ?? ['', {}]
  expect((await ask(path, { key: 'bob', body })).status).toBe(429)
  const events = await read(response)
  expect(events.join('')).not.toContain('id: ')
  expect(await read(await ask(where, { key: 'bob' }))).toEqual(events)
  // The slot is free, and the refused request counts as none.
  expect((await ask(path, { key: 'bob', body })).status).toBe(200)
  expect((await streams.usedToday('bob')) - used).toBe(4)
})

describe('when workerd is killed', () => {
  it('ends every stream once, for each reader, and keeps what the key has used', async () => {
    const script = pace(2_000, 20)
    const runs = await Promise.all(Object.keys(APIS).map((api) => begin(api, script)))
    const body = { model: 'm', input: 'Hi', background: true, script }
    const queued = await streams.json('/v1/responses', { body })
    const seen = await Promise.all(runs.map(({ response }) => read(response, 40)))
    const used = await streams.usedToday()
    await sleep(1_300)
    await streams.crash()
    for (const [index, { where }] of runs.entries()) {
      const [one, two] = await Promise.all([read(await ask(where)), read(await ask(where))])
      expect(one).toEqual(two)
      const ends = one.filter((event) => /instance_lost|is gone/.test(event))
      expect(ends).toHaveLength(1)
      expect(one.at(-1)).toBe(ends[0])
      const all = seen[index] ?? []
      expect(one.length).toBeGreaterThan(all.length)
      expect(one.slice(0, all.length)).toEqual(all)
    }
    const failed = await read(await ask(`/v1/responses/${queued.id}?stream=true`))
    expect(failed.at(-1)).toContain('response.failed')
    const stored = await streams.json(`/v1/responses/${queued.id}`)
    expect(stored.status).toBe('failed')
    expect(await streams.usedToday()).toBeGreaterThanOrEqual(used)
  }, 60_000)
})
