import fc from 'fast-check'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import { commands, compare, LEASE, type ModelSubject } from '../state/run-log-model.ts'
import { startRedis } from '../support/redis.ts'
import { connectRedis, withMovableTime } from '../support/redis-port.ts'

/** Compares a log in Redis, as two instances have it, with the model of a log. */
export async function compareRedis(parameters: { seed: number; numRuns: number }): Promise<void> {
  await using redis = await startRedis()
  const here = await connectRedis(redis.url, { deadlineMs: 5_000 })
  const there = await connectRedis(redis.url, { deadlineMs: 5_000 })
  const subject = (): ModelSubject => {
    const times = [withMovableTime(here), withMovableTime(there)] as const
    const log = (at: 0 | 1) => redisRunLog(times[at].port, { lease: LEASE, gatherMs: 0 })
    const pass = (ms: number) => {
      for (const time of times) time.pass(ms)
    }
    return { name: 'Redis', logs: [log(0), log(1)], pass }
  }
  try {
    const property = fc.asyncProperty(commands, (list) => compare(list, [subject()]))
    await fc.assert(property, parameters)
  } finally {
    here.close()
    there.close()
  }
}
