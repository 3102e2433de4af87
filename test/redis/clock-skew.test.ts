import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { bearer, entry } from '../conformance/keys-entries.ts'
import { type Instances, startInstances, until } from '../support/instances.ts'
import { postChat } from '../support/read.ts'
import { askResumable, goOn, replay, textOf } from '../support/resuming-chat.ts'
import { counted, numbers } from './counted.ts'

const HOUR = 3_600_000
/** One is right, one an hour ahead, one a day behind. */
const SKEWS = [0, HOUR, -24 * HOUR]

describe('instances whose clocks are wrong', () => {
  let instances: Instances
  beforeAll(async () => {
    instances = await startInstances({
      keys: [
        entry('ann', 'ann-key', { requestsPerMinute: 6, requestsPerDay: 100 }),
        entry('bob', 'bob-key', {}),
        entry('admin', 'admin-key', { admin: true }),
      ],
      envOf: (index) => ({
        BUN_OPTIONS: `--preload ${join(root, 'test/support/skewed-clock.ts')}`,
        SLUICE_TEST_SKEW: String(SKEWS[index]),
      }),
    })
    await instances.untilState('connected')
  })
  afterAll(() => instances?.[Symbol.asyncDispose]())

  it('are so', async () => {
    const times = await Promise.all(
      instances.each.map(async ({ base }) => {
        const answer = await postChat(base, { model: 'static', stream: false }, bearer('bob-key'))
        return ((await answer.json()) as { created: number }).created * 1_000
      }),
    )
    for (const [index, time] of times.entries()) {
      expect(Math.abs(time - Date.now() - (SKEWS[index] ?? 0))).toBeLessThan(60_000)
    }
  })

  it('count together by the clock of the store', async () => {
    const statuses: number[] = []
    for (let turn = 0; turn < 9; turn++) {
      const answer = await postChat(
        instances.at(turn).base,
        { script: counted(1, 1) },
        bearer('ann-key'),
      )
      await answer.text()
      statuses.push(answer.status)
      if (answer.status !== 429) continue
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(10)
    }
    // One more comes each ten seconds.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6)
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(7)
    const days = await Promise.all(
      instances.each.map(async ({ base }) => {
        const answer = await fetch(`${base}/usage?name=ann`, bearer('admin-key'))
        return ((await answer.json()) as { day: { period: string; requests: { used: number } } })
          .day
      }),
    )
    const today = new Date().toISOString().slice(0, 10)
    for (const { period, requests } of days) {
      expect(period).toBe(today)
      expect(requests.used).toBe(days[0]?.requests.used)
    }
  })

  it('take no producer for dead, and go on with its stream', async () => {
    const { headers } = bearer('bob-key')
    for (const index of [0, 1, 2]) {
      const answer = await askResumable(instances.at(index), { script: counted(60, 20) }, headers)
      const path = answer.headers.get('x-sluice-resume') ?? ''
      const own = goOn([instances.at(index)], answer, { headers })
      const at = (other: number) => instances.at(index + other).url + path
      await until(async () => {
        const [one, two] = await Promise.all([1, 2].map((other) => fetch(at(other), { headers })))
        await Promise.all([one?.body?.cancel(), two?.body?.cancel()])
        return one?.status === 200 && two?.status === 200
      }, 'that it is stored')
      const others = [1, 2].map((other) => replay(instances.at(index + other), path, { headers }))
      for (const stream of await Promise.all([own, ...others])) {
        expect(stream).toMatchObject({ problems: [], end: '[DONE]' })
        expect(textOf(stream)).toBe(numbers(60))
      }
    }
  })
})
