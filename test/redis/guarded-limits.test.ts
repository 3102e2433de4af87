import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LimitsOfKey } from '../../src/state/limits.ts'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { GuardedLimits, type StateFailure } from '../../src/state/redis/guarded-limits.ts'
import { Instances } from '../../src/state/redis/instances.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { claim, held, KEY } from '../state/limits-claims.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'

interface Instance {
  port: RedisConnection
  limits: GuardedLimits
  instances: Instances
}

let server: RedisProcess
const started: Instance[] = []

beforeEach(async () => {
  server = await startRedis()
})

afterEach(async () => {
  for (const { port, instances } of started.splice(0)) {
    await instances.stop()
    port.close()
  }
  await server.stop()
})

async function start(policy: StateFailure = 'local', fixed?: number): Promise<Instance> {
  let onBack = () => {}
  const port = await connectRedis(server.url, { onBack: () => onBack() })
  const instances = new Instances(port, crypto.randomUUID())
  const limits = new GuardedLimits({
    shared: redisLimits(port),
    isAway: () => port.isAway,
    policy,
    instances: () => fixed ?? instances.count,
  })
  onBack = () => {
    void instances.beat()
    void limits.onBack()
  }
  await instances.start()
  const instance = { port, limits, instances }
  started.push(instance)
  return instance
}

async function until(is: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await is()) && performance.now() < end) await sleep(5)
  expect(await is()).toBe(true)
}

/** How many of so many requests are admitted, one after the other, by instances in turn. */
async function admitted(all: Instance[], limits: LimitsOfKey, count: number, tokens = 0) {
  let sum = 0
  for (let at = 0; at < count; at++) {
    const instance = all[at % all.length] as Instance
    const { refusedBy } = await instance.limits.admit(claim(limits, { tokens }))
    if (refusedBy === undefined) sum++
  }
  return sum
}

async function three(policy?: StateFailure): Promise<Instance[]> {
  const all = [await start(policy), await start(policy), await start(policy)]
  await until(() => all.every(({ instances }) => instances.count === 3))
  return all
}

describe('limits while the store is away', () => {
  it('go on from what was left, divided among the instances seen last', async () => {
    const all = await three()
    const sixty = { requestsPerMinute: 60 }
    expect(await admitted(all, sixty, 30)).toBe(30)
    await server.kill()
    await until(() => all.every(({ port }) => port.isAway))
    const more = await admitted(all, sixty, 60)
    expect(more).toBeGreaterThanOrEqual(27)
    // Each refills by a third of a request a second while the test runs.
    expect(more).toBeLessThanOrEqual(36)
    const { levels, policy } = await (all[0] as Instance).limits.admit(claim(sixty))
    expect([policy, levels.requests?.limit]).toEqual(['local', 20])
  })

  it('of tokens and by day go on as well', async () => {
    const all = await three()
    const limits = { tokensPerMinute: 6_000, requestsPerDay: 90 }
    expect(await admitted(all, limits, 30, 100)).toBe(30)
    await server.kill()
    await until(() => all.every(({ port }) => port.isAway))
    const more = await admitted(all, limits, 90, 100)
    expect(more).toBeGreaterThanOrEqual(27)
    expect(more).toBeLessThanOrEqual(36)
  })

  it('count what this instance already runs', async () => {
    const all = await three()
    const [one] = all as [Instance, Instance, Instance]
    const nine = { maxConcurrency: 9 }
    const running = [held(nine), held(nine), held(nine)]
    for (const each of running) await one.limits.admit(each.claim)
    await server.kill()
    await until(() => one.port.isAway)
    const refused = await one.limits.admit(held(nine).claim)
    expect([refused.refusedBy, refused.levels.running]).toEqual(['concurrency', 3])
    await one.limits.settle((running[0] as (typeof running)[0]).permit, undefined)
    expect((await one.limits.admit(held(nine).claim)).refusedBy).toBeUndefined()
  })

  it('allow one at least', async () => {
    const one = await start('local', 1_000)
    await server.kill()
    await until(() => one.port.isAway)
    expect(await admitted([one], { requestsPerMinute: 5, maxConcurrency: 2 }, 3)).toBe(1)
  })

  it('are none where the policy is open', async () => {
    const one = await start('open')
    await server.kill()
    await until(() => one.port.isAway)
    expect(await admitted([one], { requestsPerMinute: 1, tokensPerDay: 1 }, 20, 5)).toBe(20)
    expect((await one.limits.admit(claim({}))).policy).toBe('open')
    expect((await one.limits.levels(KEY, {})).day.requests).toBe(21)
  })

  it('refuse everything where the policy is closed', async () => {
    const one = await start('closed')
    await server.kill()
    await until(() => one.port.isAway)
    const refusal = { status: 503, code: 'state_unavailable' }
    await expect(one.limits.admit(claim({}))).rejects.toMatchObject(refusal)
    await expect(one.limits.levels(KEY, {})).rejects.toMatchObject(refusal)
    await expect(one.limits.renew([])).resolves.toBeUndefined()
  })
})

describe('limits once the store is there again', () => {
  it('are shared, with the slots of what runs and of what began meanwhile', async () => {
    const one = await start()
    const two = await start()
    const four = { maxConcurrency: 4, tokensPerDay: 1_000 }
    const before = held(four, { tokens: 10 })
    await one.limits.admit(before.claim)
    await server.kill()
    await until(() => one.port.isAway && two.port.isAway)
    const meanwhile = held(four, { tokens: 10 })
    expect((await one.limits.admit(meanwhile.claim)).policy).toBe('local')
    await server.restart()
    await until(() => !one.port.isAway && !two.port.isAway)
    await until(async () => (await two.limits.levels(KEY, four)).running === 2)
    await one.limits.settle(before.permit, { tokens: 4, answerTokens: 2 })
    await one.limits.settle(meanwhile.permit, { tokens: 7, answerTokens: 2 })
    const { running, day } = await two.limits.levels(KEY, four)
    expect([running, day.tokens]).toEqual([0, 7])
  })

  it('learn of what ended while it was frozen, and nothing is taken twice', async () => {
    const one = await start()
    const two = { maxConcurrency: 2, tokensPerDay: 1_000 }
    const before = held(two, { tokens: 50 })
    await one.limits.admit(before.claim)
    server.freeze()
    // It is in the server's socket, and will be done when it goes on.
    const lost = held(two, { tokens: 50 })
    expect((await one.limits.admit(lost.claim)).policy).toBe('local')
    await one.limits.settle(lost.permit, { tokens: 30, answerTokens: 1 })
    await one.limits.settle(before.permit, { tokens: 20, answerTokens: 1 })
    server.thaw()
    await until(() => !one.port.isAway)
    await until(async () => (await one.limits.levels(KEY, two)).running === 0)
    expect((await one.limits.levels(KEY, two)).day.tokens).toBe(50)
  })
})

describe('instances', () => {
  it('are counted as they come, leave and die', async () => {
    const [one, two] = await three()
    await two?.instances.stop()
    await until(() => one?.instances.count === 2)
    server.ask('zadd', 'sluice:1:inst:{all}', '1', 'died-long-ago')
    await one?.instances.beat()
    expect(one?.instances.count).toBe(2)
    await server.kill()
    await until(() => one?.port.isAway === true)
    await one?.instances.beat()
    expect(one?.instances.count).toBe(2)
    await server.restart()
    await until(() => started.every(({ port }) => !port.isAway))
    // The one that has left stays away, although its connection is there again.
    await until(() => server.ask('zcard', 'sluice:1:inst:{all}') === '2')
    await sleep(300)
    await one?.instances.beat()
    expect(one?.instances.count).toBe(2)
  })
})
