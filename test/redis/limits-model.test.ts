import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type {
  Admission,
  HeldPermit,
  Levels,
  Limits,
  LimitsOfKey,
  SlotKind,
} from '../../src/state/limits.ts'
import { PERMIT_LEASE } from '../../src/state/limits.ts'
import { memoryLimits } from '../../src/state/memory-limits.ts'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis, withMovableTime } from '../support/redis-port.ts'

let server: RedisProcess
let connection: RedisConnection
beforeAll(async () => {
  server = await startRedis()
  connection = await connectRedis(server.url, { deadlineMs: 10_000 })
})
afterAll(async () => {
  connection.close()
  await server.stop()
})

/** Just before the end of a month, in a leap year. */
const START = Date.UTC(2028, 1, 29, 23, 59, 50)

const keys = ['ann', 'bob'] as const

const limited: fc.Arbitrary<LimitsOfKey> = fc.record(
  {
    requestsPerMinute: fc.integer({ min: 1, max: 5 }),
    tokensPerMinute: fc.integer({ min: 1, max: 50 }),
    maxConcurrency: fc.integer({ min: 1, max: 3 }),
    requestsPerDay: fc.integer({ min: 1, max: 8 }),
    tokensPerDay: fc.integer({ min: 1, max: 80 }),
    requestsPerMonth: fc.integer({ min: 1, max: 12 }),
    tokensPerMonth: fc.integer({ min: 1, max: 120 }),
  },
  { requiredKeys: [] },
)

type Step =
  | { do: 'admit'; key: string; requests: 0 | 1; tokens: number; answer: number; slot?: SlotKind }
  | { do: 'renew' | 'settleNothing'; which: number }
  | { do: 'advance' | 'settle'; which: number; tokens: number; answer: number }
  | { do: 'pass'; ms: number }

const tokens = fc.integer({ min: 0, max: 60 })
const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        do: fc.constant('admit' as const),
        key: fc.constantFrom(...keys),
        requests: fc.constantFrom(0 as const, 1 as const),
        tokens,
        answer: fc.integer({ min: 0, max: 20 }),
        slot: fc.constantFrom('running' as const, 'background' as const),
      },
      { requiredKeys: ['do', 'key', 'requests', 'tokens', 'answer'] },
    ) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('renew', 'settleNothing'), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('advance', 'settle'),
      which,
      tokens,
      answer: fc.integer({ min: 0, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 1_000, 12_000, PERMIT_LEASE, 61_000, 86_400_000),
    }),
  },
) as fc.Arbitrary<Step>

/** As far as the two may not differ: the last digits of sums of fractions may. */
function comparable({ since: _, ...levels }: Levels) {
  const rounded = (level: Levels['requests']) =>
    level && { ...level, fullInMs: Math.round(level.fullInMs) }
  return { ...levels, requests: rounded(levels.requests), tokens: rounded(levels.tokens) }
}

function outcomeOf({ refusedBy, availableInMs, levels }: Admission) {
  return { refusedBy, availableInMs: Math.round(availableInMs), levels: comparable(levels) }
}

it('decides and counts as memory does, whatever is asked in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ ann: limited, bob: limited }),
      fc.array(step, { minLength: 5, maxLength: 30 }),
      async (limitsOf, steps) => {
        await connection.send(['FLUSHALL'], undefined)
        let now = START
        const clock = () => now
        const memory = memoryLimits({ clock, now: clock, lease: PERMIT_LEASE })
        const moved = withMovableTime(connection, START)
        const redis = redisLimits(moved.port)
        const permits: HeldPermit[] = []
        const both = async (act: (limits: Limits) => unknown) => {
          const [one, other] = [await act(memory), await act(redis)]
          return [one, other]
        }
        for (const each of steps) {
          if (each.do === 'pass') {
            now += each.ms
            moved.pass(each.ms)
          } else if (each.do === 'admit') {
            const { key, requests, tokens, answer, slot } = each
            const limits = limitsOf[key as (typeof keys)[number]]
            const id = `permit-${permits.length}`
            const permit = slot && { id, slot }
            const claim = { key, limits, requests, tokens, answerTokens: answer, permit }
            const [one, other] = await both((store) => store.admit(claim))
            expect(outcomeOf(other as Admission)).toEqual(outcomeOf(one as Admission))
            if (permit) permits.push({ ...permit, key, limits, tokens })
          } else {
            const permit = permits[each.which % Math.max(1, permits.length)]
            if (permit === undefined) continue
            const used = 'tokens' in each && { tokens: each.tokens, answerTokens: each.answer }
            await both((store) => {
              if (each.do === 'renew') return store.renew([permit])
              if (used && each.do === 'advance') return store.advance(permit, used)
              return store.settle(permit, used || undefined)
            })
          }
          for (const key of keys) {
            const [one, other] = await both((store) => store.levels(key, limitsOf[key]))
            expect(comparable(other as Levels)).toEqual(comparable(one as Levels))
          }
        }
      },
    ),
    { numRuns: Number(process.env.SLUICE_TEST_RUNS ?? 60), seed: 7 },
  )
})
