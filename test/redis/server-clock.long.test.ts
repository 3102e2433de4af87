// The clock of Redis itself is set back and forward while streams run and slots are taken.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, entry } from '../conformance/keys-entries.ts'
import { type Instances, startInstances, until } from '../support/instances.ts'
import { type MovedClock, movedClock } from '../support/moved-clock.ts'
import { postChat } from '../support/read.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { askResumable, goOn, replay, textOf } from '../support/resuming-chat.ts'
import { counted, numbers } from './counted.ts'

const HOST = (process.env.SLUICE_TEST_HOST ?? 'bun') as 'bun' | 'deno' | 'node'
const HOUR = 3_600_000
const { headers } = bearer('ann-key')
const clock = movedClock()

describe.skipIf(clock === undefined)(`instances on ${HOST} whose Redis has its clock set`, () => {
  let redis: RedisProcess
  let instances: Instances
  const { env, moveTo } = clock as MovedClock

  beforeAll(async () => {
    redis = await startRedis({ env })
    const keys = [
      entry('ann', 'ann-key', {}),
      entry('bob', 'bob-key', { maxConcurrency: 2 }),
      entry('per', 'per-key', { requestsPerMinute: 60 }),
      entry('admin', 'admin-key', { admin: true }),
    ]
    instances = await startInstances({ host: HOST, redis, keys })
  }, 60_000)

  afterAll(async () => {
    await instances?.[Symbol.asyncDispose]()
    await redis?.stop()
    clock?.[Symbol.dispose]()
  })

  const timeOf = () => Number(redis.ask('time').split('\n')[0]) * 1_000

  it.each([
    ['back', -HOUR],
    ['forward', HOUR],
    ['to the true time again', 0],
  ])('%s: streams go on, once each, and are read elsewhere', async (_name, ms) => {
    const count = 400
    const answer = await askResumable(instances.at(0), { script: counted(count, 15) }, headers)
    const path = answer.headers.get('x-sluice-resume') ?? ''
    const own = goOn([instances.at(0)], answer, { headers })
    await sleep(500)
    const behind = { status: 503, headers: { 'x-sluice-resume': path } }
    const elsewhere = goOn([instances.at(1)], new Response(null, behind), { headers })
    await sleep(1_000)
    moveTo(ms)
    expect(Math.abs(timeOf() - Date.now() - ms)).toBeLessThan(5_000)
    for (const stream of await Promise.all([own, elsewhere])) {
      expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
      expect(textOf(stream)).toBe(numbers(count))
    }
    const again = await replay(instances.at(2), path, { headers })
    expect(again).toMatchObject({ problems: [], end: '[DONE]' })
    expect(textOf(again)).toBe(numbers(count))
  })

  it('back: the slots and the stream of an instance that was killed are free in time', async () => {
    moveTo(0)
    const dying = await instances.add()
    const long = { stream: true, script: counted(10_000, 20) }
    const held = await Promise.all([0, 1].map(() => postChat(dying.base, long, bearer('bob-key'))))
    for (const { status } of held) expect(status).toBe(200)
    const answer = await askResumable(dying, { script: counted(10_000, 20) }, headers)
    const path = answer.headers.get('x-sluice-resume') ?? ''
    const reader = goOn([dying, instances.at(0)], answer, { headers, ms: 60_000 })
    await sleep(1_000)
    moveTo(-HOUR)
    await dying.kill()
    instances.each.pop()
    const killedAt = performance.now()
    expect(await reader).toMatchObject({ problems: [], end: 'instance_lost', path })
    const lostAfter = performance.now() - killedAt
    const ask = () => postChat(instances.at(1).base, { script: counted(1, 1) }, bearer('bob-key'))
    expect((await ask()).status).toBe(429)
    await until(async () => (await ask()).status === 200, 'that a slot is free', 60_000)
    const freeAfter = performance.now() - killedAt
    console.log(
      `lost after ${Math.round(lostAfter)} ms, a slot free after ${Math.round(freeAfter)} ms`,
    )
    expect(lostAfter).toBeLessThan(20_000)
    expect(freeAfter).toBeLessThan(45_000)
  }, 150_000)

  it('back: a limit by minute is refilled as before', async () => {
    moveTo(0)
    const ask = (at: number) =>
      postChat(instances.at(at).base, { script: counted(1, 1) }, bearer('per-key'))
    let taken = 0
    for (; taken < 90 && (await ask(taken)).status === 200; taken++);
    expect(taken).toBeGreaterThanOrEqual(60)
    moveTo(-HOUR)
    const at = performance.now()
    await until(async () => (await ask(0)).status === 200, 'that it is refilled', 20_000)
    expect(performance.now() - at).toBeLessThan(15_000)
  })
})
