// Three sluices on servers of Redis that fail over while streams run: one watched by Sentinels, whose replica lags
// behind, and a cluster.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { bearer, entry } from '../conformance/keys-entries.ts'
import { type Instances, startInstances, until } from '../support/instances.ts'
import { postChat } from '../support/read.ts'
import { type RedisProcess, startRedis, startReplica, startSentinels } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { askResumable, goOn, replay, textOf } from '../support/resuming-chat.ts'
import { counted, numbers } from './counted.ts'

const HOST = (process.env.SLUICE_TEST_HOST ?? 'bun') as 'bun' | 'deno' | 'node'
const KEYS = [
  entry('ann', 'ann-key', { requestsPerMinute: 1_000 }),
  entry('bob', 'bob-key', { maxConcurrency: 3 }),
  entry('admin', 'admin-key', { admin: true }),
]
const { headers } = bearer('ann-key')
/** Tokens of each stream, 20 ms apart: long enough for a failover and a renewal of permits. */
const TOKENS = 1_200

const pathOf = (answer: Response) => answer.headers.get('x-sluice-resume') ?? ''

/** Streams at each instance, which their clients read there. */
async function startStreams(instances: Instances, count: number) {
  const body = { script: counted(TOKENS, 20) }
  const answers = await Promise.all(
    Array.from({ length: count }, (_, at) => askResumable(instances.at(at), body, headers)),
  )
  return answers.map((answer, at) => {
    expect(answer.status).toBe(200)
    const own = goOn([instances.at(at)], answer, { headers, ms: 90_000 })
    return { at, path: pathOf(answer), own }
  })
}

type Streams = Awaited<ReturnType<typeof startStreams>>

/** The store is back: who reads a stream at any instance gets all of it, and its own client never noticed. */
async function readEverywhere(instances: Instances, streams: Streams) {
  await Promise.all(
    streams.map(async ({ at, path, own }) => {
      // In the middle, elsewhere, while the producer lives.
      const other = instances.at(at + 1)
      const behind = { status: 503, headers: { 'x-sluice-resume': path } }
      const elsewhere = goOn([other], new Response(null, behind), { headers, ms: 90_000 })
      const stream = await own
      expect(stream).toMatchObject({ problems: [], end: '[DONE]', connections: 1 })
      expect(textOf(stream)).toBe(numbers(TOKENS))
      const frames = stream.events.map(({ frame }) => frame)
      const read = await elsewhere
      expect(read).toMatchObject({ problems: [], end: '[DONE]' })
      expect(read.events.map(({ frame }) => frame)).toEqual(frames)
      const again = await replay(instances.at(at + 2), path, { headers })
      expect(again.events.map(({ frame }) => frame)).toEqual(frames)
    }),
  )
}

/** So many of the three slots of a key are taken, as another instance sees it. */
async function freeSlots(instances: Instances): Promise<number> {
  const asked = Array.from({ length: 3 }, () =>
    postChat(instances.at(2).base, { stream: true, script: counted(100, 20) }, bearer('bob-key')),
  )
  const answers = await Promise.all(asked)
  await Promise.all(answers.map((answer) => answer.body?.cancel()))
  return answers.filter(({ status }) => status === 200).length
}

describe(`streams and limits of three instances on ${HOST}`, () => {
  it('go on where Sentinels make a replica the master that lacks the last events', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    await using sentinels = await startSentinels(primary)
    const ports = sentinels.each.map(({ port }) => `127.0.0.1:${port}`)
    const stateOf = () => `redis+sentinel://${ports.join(',')}/${sentinels.name}/0`
    await using instances = await startInstances({
      host: HOST,
      redis: primary,
      keys: KEYS,
      stateOf,
    })
    await instances.untilState('connected')
    const bobs = await startHolding(instances)
    const streams = await startStreams(instances, 6)
    await sleep(500)
    const known = entriesIn(replica)
    expect(known).toBeGreaterThan(5)
    // From here on it hears of nothing: the link is cut and cannot be made again.
    primary.ask('acl', 'setuser', 'default', '-psync', '-sync')
    primary.ask('client', 'kill', 'type', 'replica')
    const late = await startStreams(instances, 3)
    await sleep(1_500)
    expect(entriesIn(primary)).toBeGreaterThan(known * 1.5)
    await primary.kill()
    await sentinels.untilPrimaryIsNot(primary.port)
    expect(entriesIn(replica)).toBeLessThanOrEqual(known * 1.5)
    await instances.untilState('connected')
    // A renewal of permits later, the new master knows of the slots that are taken.
    await sleep(11_000)
    expect(await freeSlots(instances)).toBe(1)
    await readEverywhere(instances, [...streams, ...late])
    await Promise.all(bobs.map((answer) => answer.body?.cancel()))
    expect(replica.ask('role').split('\n')[0]).toBe('master')
  }, 180_000)

  it('go on in a cluster whose masters are killed, one after another', async () => {
    await using cluster = await startCluster()
    const [first] = cluster.servers as [RedisProcess]
    await using instances = await startInstances({
      ...{ host: HOST, redis: first, keys: KEYS, stateOf: () => cluster.url },
    })
    await instances.untilState('connected')
    const streams = await startStreams(instances, 9)
    await sleep(1_000)
    const masters = cluster.servers.filter((each) => each.ask('role').startsWith('master'))
    // One that the URL names, and one that it does not.
    const victims = [
      masters[0],
      masters.find((each) => !cluster.servers.slice(0, 2).includes(each)),
    ]
    for (const victim of victims) {
      await victim?.kill()
      await sleep(6_000)
      await instances.untilState('connected')
    }
    await readEverywhere(instances, streams)
    const stopping = await startStreams(instances, 3)
    for (const { at, path, own } of stopping) {
      const answer = await fetch(instances.at(at + 1).url + path, { method: 'DELETE', headers })
      expect(answer.status).toBe(200)
      expect(await own).toMatchObject({ problems: [], end: 'stream_stopped' })
    }
    expect(await freeSlots(instances)).toBe(3)
  }, 180_000)
})

/** Two requests that hold slots, at two instances. */
async function startHolding(instances: Instances): Promise<Response[]> {
  const body = { stream: true, script: counted(3_000, 20) }
  const answers = await Promise.all(
    [0, 1].map((at) => postChat(instances.at(at).base, body, bearer('bob-key'))),
  )
  for (const { status } of answers) expect(status).toBe(200)
  await until(async () => (await freeSlots(instances)) === 1, 'that two slots are taken')
  return answers
}

/** How many batches of events a server has. */
function entriesIn(server: RedisProcess): number {
  const names = server.ask('keys', 'sluice:1:s:*}:e').split('\n').filter(Boolean)
  return names.reduce((sum, name) => sum + Number(server.ask('xlen', name)), 0)
}
