// Declared for Bun in `npm test`, and for the others by hand.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ProcessHost } from '../support/hosts.ts'
import { type Instances, startInstances, until } from '../support/instances.ts'
import type { RedisProcess } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'
import {
  askResumable,
  goOn,
  type Resumed,
  readThrough,
  replay,
  resume,
  textOf,
} from '../support/resuming-chat.ts'
import type { Server } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { counted, numbers } from './counted.ts'
import { setLease } from './lease.ts'

/** Reads a stream from its start, once it is known there. */
function readLater(server: Server, path: string): Promise<Resumed> {
  return goOn([server], new Response(null, { status: 503, headers: { 'x-sluice-resume': path } }))
}

const pathOf = (answer: Response) => answer.headers.get('x-sluice-resume') ?? ''

/** What becomes of streams when instances are cut off, stopped, replaced and killed. */
export function instanceFaults(host: ProcessHost): void {
  let instances: Instances
  let proxy: TcpProxy
  let remote: Server
  let redis: RedisProcess
  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startTcpProxy(redis.port)
    // The fourth one reaches Redis by a way that can be cut.
    const stateOf = (index: number) => `redis://127.0.0.1:${index === 3 ? proxy.port : redis.port}`
    instances = await startInstances({ host, redis, stateOf, flags: ['--client-timeout', '2s'] })
    remote = await instances.add()
    await instances.untilState('connected', 4)
  }, 90_000)
  afterAll(async () => {
    await instances?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await redis?.stop()
  })

  const isWhole = host === 'bun'

  it.runIf(isWhole)(
    'serve one client on two of them at once, and fifty followers, the same events once each',
    async () => {
      const answer = await askResumable(instances.at(1), { script: counted(60, 20) })
      const path = pathOf(answer)
      const own = goOn([instances.at(1)], answer)
      const followers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => readLater(instances.at(index), path)),
      )
      const stream = await own
      expect(textOf(stream)).toBe(numbers(60))
      for (const follower of followers) {
        expect(follower).toMatchObject({ problems: [], end: '[DONE]' })
        expect(follower.events.map(({ frame }) => frame)).toEqual(
          stream.events.map(({ frame }) => frame),
        )
      }
    },
  )

  it('go on with a stream that is cut at random events, each time at another one', async () => {
    const streams = await Promise.all(
      Array.from({ length: 30 }, (_, index) => {
        const servers = [0, 1, 2].map((at) => instances.at(index + at))
        const cutAfter = () => 1 + Math.floor(Math.random() * 12)
        return readThrough(servers, { script: counted(60, 15) }, { cutAfter })
      }),
    )
    for (const stream of streams) {
      expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
      expect(stream.connections).toBeGreaterThan(4)
      expect(textOf(stream)).toBe(numbers(60))
    }
  })

  it('end a stream once where its producer is cut off from Redis and taken for dead', async () => {
    const answer = await askResumable(remote, { script: counted(900, 20) })
    const path = pathOf(answer)
    const own = goOn([remote], answer)
    await until(async () => (await replayPart(instances, path)) > 3, 'that it is stored')
    const elsewhere = replay(instances.at(1), path)
    proxy.hold()
    setLease(redis, path, 0)
    const follower = await elsewhere
    expect(follower).toMatchObject({ problems: [], end: 'instance_lost' })
    proxy.heal()
    // It was told that it had lost the run, unless it had ended by then.
    const stream = await own
    expect(stream.problems).toEqual([])
    expect(['instance_lost', '[DONE]']).toContain(stream.end)
    await until(async () => (await instances.states()).every(isConnected), 'that it is back')
    const again = await replay(instances.at(2), path)
    expect(again.events.map(({ frame }) => frame)).toEqual(
      follower.events.map(({ frame }) => frame),
    )
  })

  it.runIf(isWhole)(
    'do not wait for a slow Redis: the first token and the next come as without it',
    async () => {
      for (const delay of [20, 80, 300]) {
        proxy.delay = delay
        const asked = performance.now()
        const stream = await readThrough([remote], { script: counted(30, 20) })
        expect(stream).toMatchObject({ problems: [], end: '[DONE]', connections: 1 })
        expect(textOf(stream)).toBe(numbers(30))
        expect((stream.events[0]?.at ?? Infinity) - asked).toBeLessThan(1_500)
      }
      proxy.delay = 0
      await until(async () => (await instances.states()).every(isConnected), 'that it is back')
    },
  )

  it('stop a stream from another one, while a third one follows and before its first token', async () => {
    const script = pace(1_000, 20)
    for (const held of [script, { ...script, headersAfter: 'never' as const }]) {
      const before = instances.upstream.requests.length
      const known = runsIn(redis)
      const asking = askResumable(instances.at(1), { script: held })
      const chat = () =>
        instances.upstream.requests.slice(before).find(({ method }) => method === 'POST')
      await until(() => chat() !== undefined, 'that the engine is asked')
      const request = chat()
      // Without headers yet, only Redis knows of it.
      const id = held === script ? idOf(pathOf(await asking)) : await newRun(redis, known)
      const follower = readLater(instances.at(2), `/v1/streams/${id}`)
      const at = performance.now()
      await Promise.all([stopAt(instances, 0, id, 'DELETE'), stopAt(instances, 0, id)])
      // At once where the machine is quiet; by a look at the log where the push was lost.
      expect(((await request?.closedWithin(8_000)) ?? Infinity) - at).toBeLessThan(3_000)
      expect(await follower).toMatchObject({ problems: [], end: 'stream_stopped' })
      const states = () => Promise.all([0, 1, 2].map((index) => stopAt(instances, index, id)))
      await until(async () => (await states()).every((each) => each === 'stopped'), 'one state')
      await (await asking).body?.cancel()
    }
  })

  it.runIf(isWhole)(
    'let go of a follower that does not read, which goes on from where it was',
    async () => {
      const script = talk({ repeat: 3_000, steps: [{ chunk: bulk }] })
      const answer = await askResumable(instances.at(1), { script })
      const path = pathOf(answer)
      const own = goOn([instances.at(1)], answer)
      const slow = await resume(instances.at(2), { path, events: [] })
      const memory = instances.at(2).memory()
      await new Promise((wait) => setTimeout(wait, 3_000))
      expect(instances.at(2).memory() - memory).toBeLessThan(100e6)
      const rest = await goOn([instances.at(2), instances.at(0)], slow)
      const stream = await own
      expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
      // Of four mebibytes and more the log keeps the last ones: then it is refused, and told so.
      if (rest.status === 410) expect(rest.problems).toEqual([])
      else expect(rest.events.length).toBe(stream.events.length)
    },
  )

  it('are deployed anew one by one: readers of the one that stops go on elsewhere', async () => {
    // Long enough for an instance that is slow to stop.
    const tokens = isWhole ? 60 : 200
    const leaving = await instances.add()
    const streams = Array.from({ length: 10 }, () =>
      readThrough([leaving, instances.at(1), instances.at(2)], { script: counted(tokens, 25) }),
    )
    await new Promise((wait) => setTimeout(wait, 500))
    const stopped = leaving.stop()
    redis.ask('script', 'flush')
    for (const stream of await Promise.all(streams)) {
      expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
      expect(stream.connections).toBeGreaterThan(1)
      expect(textOf(stream)).toBe(numbers(tokens))
    }
    expect(await stopped).toBe(0)
    instances.each.pop()
  })

  it('leave one terminal event where one of them is killed', async () => {
    const dying = await instances.add()
    const streams = await Promise.all(
      Array.from({ length: 10 }, () => askResumable(dying, { script: pace(2_000, 20) })),
    )
    const readers = streams.map((answer) => goOn([dying, instances.at(1), instances.at(2)], answer))
    await until(
      () => streams.every((answer) => redis.ask('keys', `*${idOf(pathOf(answer))}}`) !== ''),
      'that all are stored',
    )
    await new Promise((wait) => setTimeout(wait, 300))
    await dying.kill()
    instances.each.pop()
    if (isWhole) {
      // The lease of eight seconds, without any help.
      const at = performance.now()
      const read = await Promise.all(readers)
      expect(performance.now() - at).toBeLessThan(12_000)
      for (const stream of read)
        expect(stream).toMatchObject({ problems: [], end: 'instance_lost' })
      return
    }
    for (const answer of streams) setLease(redis, pathOf(answer), 0)
    for (const stream of await Promise.all(readers))
      expect(stream).toMatchObject({ problems: [], end: 'instance_lost' })
  })
}

const bulk = {
  ...{ id: 'chatcmpl-b', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index: 0, delta: { content: 'x'.repeat(1_000) }, finish_reason: null }],
}

/** Stops a stream at one of them; again, where that can't ask Redis at the moment. Returns the state. */
async function stopAt(instances: Instances, index: number, id: string, method?: 'DELETE') {
  const path = `/v1/streams/${id}${method === undefined ? '/stop' : ''}`
  let state = ''
  await until(async () => {
    const answer = await fetch(instances.at(index).url + path, { method: method ?? 'POST' })
    expect([200, 503]).toContain(answer.status)
    state = ((await answer.json()) as { state?: string }).state ?? ''
    return answer.status === 200
  }, 'an answer')
  return state
}

const isConnected = ({ status }: { status: string }) => status === 'connected'

/** How many events of it are stored, by an instance that does not produce it. */
async function replayPart(instances: Instances, path: string): Promise<number> {
  const answer = await fetch(instances.at(1).url + path)
  if (answer.status !== 200) return 0
  const { value } = (await answer.body?.getReader().read()) ?? {}
  return new TextDecoder().decode(value).split('\n\n').length - 1
}

/** The id of the run at a path, or of the one that Redis learned of last. */
async function newRun(redis: RedisProcess, known: string[]): Promise<string> {
  let found: string | undefined
  await until(() => {
    found = runsIn(redis).find((name) => !known.includes(name))
    return found !== undefined
  }, 'that the run is there')
  return /(strm_\w+)/.exec(found ?? '')?.[1] ?? ''
}

function runsIn(redis: RedisProcess): string[] {
  return redis.ask('keys', 'sluice:1:s:*}').split('\n').filter(Boolean)
}

function idOf(path: string): string {
  return path.split('/').at(-1) ?? ''
}
