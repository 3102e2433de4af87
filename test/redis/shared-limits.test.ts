import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer } from '../conformance/keys-entries.ts'
import { type Instances, until } from '../support/instances.ts'
import { postChat, readStream } from '../support/read.ts'
import { pace } from '../support/talk.ts'
import { bucket, press, start, TOKENS } from './shared-limits.ts'

/** Seconds of each; shared-limits.long.test.ts takes a minute for each. */
const SECONDS = 3

/** Sixty-four clients of one key, at three instances that share one Redis. */
describe('a limit that three instances share', () => {
  it.each([{ requestsPerMinute: 120 }, { tokensPerMinute: 4_000 }, { maxConcurrency: 6 }])(
    'is not exceeded: %j',
    async (limits) => {
      await using instances = await start(limits)
      const { requestsPerMinute, tokensPerMinute, maxConcurrency } = limits as Limits
      const pressed = await press(instances, SECONDS, { holdMs: maxConcurrency ? 100 : 0 })
      expect(pressed.refused).toBeGreaterThan(0)
      expect(pressed.other).toEqual({})
      const { tokens, most, seconds, alone } = pressed
      // What an instance decided on alone is in nobody's count.
      const admitted = pressed.admitted - alone
      if (requestsPerMinute) {
        expect(admitted).toBeLessThanOrEqual(bucket(requestsPerMinute, seconds))
        expect(pressed.admitted).toBeGreaterThan(requestsPerMinute * 0.5)
      }
      if (tokensPerMinute)
        expect(tokens - alone * TOKENS).toBeLessThanOrEqual(bucket(tokensPerMinute, seconds))
      if (maxConcurrency) {
        expect(most).toBeLessThanOrEqual(maxConcurrency + alone)
        expect(most).toBeGreaterThan(maxConcurrency / 2)
      }
    },
  )

  it('is not exceeded by more than a fifth where Redis is killed', async () => {
    await using instances = await start({ requestsPerMinute: 120 })
    const killed = new Promise((resolve) => setTimeout(resolve, 1_000)).then(() =>
      instances.redis.kill(),
    )
    const pressed = await press(instances, SECONDS)
    await killed
    expect(pressed.admitted).toBeLessThanOrEqual(1.2 * bucket(120, pressed.seconds))
    expect(pressed.other).toEqual({})
    expect((await instances.states()).map(({ status }) => status)).toEqual(Array(3).fill('away'))
  })

  describe('in slots', () => {
    let instances: Instances
    beforeAll(async () => {
      instances = await start({ maxConcurrency: 3 })
    })
    afterAll(() => instances?.[Symbol.asyncDispose]())

    it('loses none by an instance that is killed: its leases end', async () => {
      const { redis } = instances
      const dying = await instances.add()
      const streams = await Promise.all(
        [0, 1, 2].map(() => postChat(dying.base, { script: pace(2_000, 50) }, bearer('few-key'))),
      )
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
      const reading = streams.map((answer) => readStream(answer))
      expect(await statusAt(instances, 0)).toBe(429)
      await dying.kill()
      instances.each.pop()
      await Promise.all(reading)
      // Of thirty seconds, which pass for the store alone.
      const held = redis.ask('keys', 'sluice:1:l:*:running').split('\n').find(Boolean) ?? ''
      const members = redis.ask('zrange', held, '0', '-1', 'withscores').split('\n')
      const [seconds = '', micros = ''] = redis.ask('time').split('\n')
      const now = Number(seconds) * 1_000 + Number(micros) / 1_000
      const ends = members.filter((_, index) => index % 2 === 1).map(Number)
      expect(ends.length).toBe(3)
      for (const end of ends) expect(end - now).toBeLessThanOrEqual(30_000)
      for (const member of members.filter((_, index) => index % 2 === 0))
        redis.ask('zadd', held, String(Math.floor(now)), member)
      await until(async () => (await statusAt(instances, 1)) === 200, 'a free slot', 5_000)
    })
  })
})

interface Limits {
  requestsPerMinute?: number
  tokensPerMinute?: number
  maxConcurrency?: number
}

async function statusAt(instances: Instances, index: number): Promise<number> {
  const answer = await postChat(instances.at(index).base, { script: pace(1, 1) }, bearer('few-key'))
  await answer.text()
  return answer.status
}
