import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instances, startInstances, until } from '../support/instances.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import {
  askResumable,
  goOn,
  type Resumed,
  readThrough,
  replay,
  textOf,
} from '../support/resuming-chat.ts'
import { runToEnd } from '../support/server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { counted, numbers } from './counted.ts'
import { setLease } from './lease.ts'

/** The longest pause between two events, in milliseconds. */
function longestPause(events: { at: number }[]): number {
  return Math.max(...events.slice(1).map(({ at }, index) => at - (events[index]?.at ?? 0)))
}

/** What becomes of streams when the store that instances share fails. */
describe('where Redis', () => {
  let instances: Instances
  let proxy: TcpProxy
  let redis: RedisProcess
  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startTcpProxy(redis.port)
    // The first one can be slower than the others to find Redis again.
    const stateOf = (index: number) => `redis://127.0.0.1:${index === 0 ? proxy.port : redis.port}`
    instances = await startInstances({ redis, stateOf })
    await instances.untilState('connected')
  })
  afterAll(async () => {
    await instances?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await redis?.stop()
  })

  it('is killed while streams run, and comes back empty: no client notices, and all can be resumed', async () => {
    const count = 120
    await untilStreamsAreShared(instances)
    const streams = Array.from({ length: 40 }, (_, index) =>
      readThrough([instances.at(index)], { script: counted(count, 40) }),
    )
    const followed = await askResumable(instances.at(0), { script: counted(150, 40) })
    const path = followed.headers.get('x-sluice-resume') ?? ''
    await until(() => isStored(instances, [path]), 'that it is stored')
    const followers = [1, 2].map((index) => replay(instances.at(index), path))
    await new Promise((resolve) => setTimeout(resolve, 600))
    await redis.kill()
    await new Promise((resolve) => setTimeout(resolve, 500))
    await redis.restart()
    await instances.untilState('connected')
    // Asked at once, when nobody has told the new server of it yet.
    followers.push(
      ...[1, 2].map((index) => readLater(instances, index, path)),
      goOn([instances.at(0)], followed),
    )
    for (const follower of await Promise.all(followers)) {
      expect(follower).toMatchObject({ problems: [], end: '[DONE]' })
      expect(textOf(follower)).toBe(numbers(150))
    }
    const read = await Promise.all(streams)
    for (const [index, stream] of read.entries()) {
      expect(stream).toMatchObject({ problems: [], end: '[DONE]', connections: 1 })
      expect(textOf(stream)).toBe(numbers(count))
      expect(longestPause(stream.events)).toBeLessThan(2_000)
      // The instance that produced it has given it to the new server.
      const elsewhere = await readLater(instances, index + 1, stream.path)
      expect(elsewhere).toMatchObject({ status: 200, problems: [], end: '[DONE]' })
      expect(elsewhere.events.map(({ frame }) => frame)).toEqual(
        stream.events.map(({ frame }) => frame),
      )
    }
  })

  it('is frozen: a new stream waits for it no longer than 100 ms, and nothing is stored twice', async () => {
    await instances.untilState('connected')
    const early = readThrough([instances.at(0)], { script: counted(60, 40) })
    await new Promise((resolve) => setTimeout(resolve, 300))
    redis.freeze()
    const at = performance.now()
    const late = Array.from({ length: 12 }, async (_, index) => {
      const asked = performance.now()
      const answer = await askResumable(instances.at(index), { script: counted(20, 40) })
      const waited = performance.now() - asked
      return { waited, stream: await goOn([instances.at(index)], answer) }
    })
    const read = await Promise.all(late)
    for (const { waited, stream } of read) {
      expect(waited).toBeLessThan(1_000)
      expect(stream).toMatchObject({ problems: [], end: '[DONE]', connections: 1 })
    }
    expect(performance.now() - at).toBeLessThan(5_000)
    redis.thaw()
    await instances.untilState('connected')
    for (const stream of [await early, ...read.map(({ stream }) => stream)]) {
      await until(
        async () => (await replay(instances.at(1), stream.path)).end !== undefined,
        'that it is stored',
      )
      const elsewhere = await replay(instances.at(2), stream.path)
      expect(elsewhere.problems).toEqual([])
      expect(textOf(elsewhere)).toBe(textOf(stream))
    }
  })

  it('is frozen for longer than the lease of a producer that lives: nobody takes it for dead', async () => {
    await instances.untilState('connected')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => askResumable(instances.at(0), { script: counted(200, 40) })),
    )
    const own = answers.map((answer) => goOn([instances.at(0)], answer))
    const paths = answers.map(({ headers }) => headers.get('x-sluice-resume') ?? '')
    await until(async () => await isStored(instances, paths), 'that they are stored')
    const elsewhere = paths.map((path, index) => readLater(instances, 1 + (index % 2), path))
    await new Promise((resolve) => setTimeout(resolve, 300))
    redis.freeze()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    proxy.hold()
    redis.thaw()
    // As if it had been frozen for longer than eight seconds.
    for (const path of paths) setLease(redis, path, 0)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    proxy.heal()
    for (const reader of [...own, ...elsewhere]) {
      const stream = await reader
      expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
      expect(textOf(stream)).toBe(numbers(200))
    }
  })

  it('loses the events of a run, as a policy that evicts would: nobody reads a hole', async () => {
    await instances.untilState('connected')
    const answer = await askResumable(instances.at(0), { script: counted(100, 30) })
    const own = goOn([instances.at(0)], answer)
    const path = answer.headers.get('x-sluice-resume') ?? ''
    const id = path.split('/').at(-1)
    await until(() => redis.ask('keys', `sluice:1:s:*${id}*:e`) !== '', 'that it is stored')
    redis.ask('del', redis.ask('keys', `sluice:1:s:*${id}*:e`))
    const elsewhere = await replay(instances.at(1), path)
    // Refused with a code, or whole; never a sequence with something missing.
    if (elsewhere.status === 200) {
      expect(elsewhere.problems).toEqual([])
      expect(textOf(elsewhere)).toBe(numbers(100))
    } else expect([404, 410]).toContain(elsewhere.status)
    expect(await own).toMatchObject({ problems: [], end: '[DONE]' })
  })

  it('is full: streams reach their clients, and elsewhere they are whole or refused', async () => {
    await instances.untilState('connected')
    redis.ask('config', 'set', 'maxmemory', '1mb')
    try {
      const streams = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          readThrough([instances.at(index)], { script: counted(40, 20) }),
        ),
      )
      for (const [index, stream] of streams.entries()) {
        expect(stream).toMatchObject({ problems: [], end: '[DONE]', connections: 1 })
        const elsewhere = await replay(instances.at(index + 1), stream.path)
        if (elsewhere.status === 200) expect(numbers(40)).toContain(textOf(elsewhere))
        else expect([404, 410, 503]).toContain(elsewhere.status)
      }
    } finally {
      redis.ask('config', 'set', 'maxmemory', '0')
    }
  })
})

/** Reads a stream from its start; where that is refused for now, again. */
function readLater(instances: Instances, index: number, path: string): Promise<Resumed> {
  const refused = new Response(null, { status: 503, headers: { 'x-sluice-resume': path } })
  return goOn([instances.at(index)], refused)
}

/** Each instance has a connection for streams, which may be there later than the one that it tells of. */
async function untilStreamsAreShared(instances: Instances): Promise<void> {
  const answers = await Promise.all(
    instances.each.map((server) => askResumable(server, { script: counted(1, 1) })),
  )
  const paths = answers.map(({ headers }) => headers.get('x-sluice-resume') ?? '')
  for (const { body } of answers) await body?.cancel()
  await until(() => isStored(instances, paths), 'that streams are shared')
}

async function isStored(instances: Instances, paths: string[]): Promise<boolean> {
  const answers = await Promise.all(
    paths.flatMap((path) => [1, 2].map((index) => fetch(instances.at(index).url + path))),
  )
  for (const { body } of answers) await body?.cancel()
  return answers.every(({ status }) => status === 200)
}

it('is refused at the start where it may delete what is in use', async () => {
  await using redis = await startRedis({ args: ['--maxmemory', '50mb'] })
  redis.ask('config', 'set', 'maxmemory-policy', 'allkeys-lru')
  const { code, stderr } = await runToEnd('bun', ['--port', '0'], { SLUICE_STATE: redis.url })
  expect(code).toBe(2)
  expect(stderr).toContain('noeviction')
})
