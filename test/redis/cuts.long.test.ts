// Thousands of random cuts and resumes, at any of three instances, over all APIs. By hand:
//   SLUICE_TEST_CUTS=10000 SLUICE_TEST_SEED=1 npx vitest run test/redis/cuts.long.test.ts --project long
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import {
  askResumable,
  type ResumableApi,
  randomFrom,
  readEvents,
  readInPieces,
  resumeUrl,
} from '../support/resuming.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const CUTS = Number(process.env.SLUICE_TEST_CUTS ?? 2_000)
const SEED = Number(process.env.SLUICE_TEST_SEED ?? 1)
const HOST = (process.env.SLUICE_TEST_HOST ?? 'bun') as 'bun' | 'deno' | 'node'
const APIS: ResumableApi[] = ['chat', 'messages', 'responses', 'ollama']
/** Streams at once, and the tokens of each. */
const AT_ONCE = 8
const TOKENS = 60

let redis: RedisProcess
let upstream: Upstream
let servers: Server[] = []

beforeAll(async () => {
  redis = await startRedis()
  upstream = await startUpstream()
  const flags = ['--upstream', `gpu=${upstream.url}`, '--state', redis.url]
  servers = await Promise.all([1, 2, 3].map(() => startServer(HOST, flags)))
}, 60_000)

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const server of servers) console.log(server.stderr().slice(-2_000))
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()))
  await upstream?.close()
  await redis?.stop()
})

it(
  `${CUTS} cuts: no event is lost, none comes twice, each is as it was`,
  async () => {
    const random = randomFrom(SEED)
    const urls = servers.map(({ url }) => url)
    let cuts = 0
    let streams = 0
    async function one(): Promise<void> {
      const number = streams++
      const api = APIS[number % APIS.length] as ResumableApi
      const first = urls[Math.floor(random() * urls.length)] as string
      const response = await askResumable(first, api, { script: pace(TOKENS, 3) })
      expect(response.status).toBe(200)
      // A client that is never cut reads the same stream at the instance that runs it.
      const whole = await fetch(resumeUrl(first, response))
      expect(whole.status, `${api}, stream ${number}`).toBe(200)
      const undisturbed = readEvents(whole)
      // Awaited below; where that is not reached, something else has failed.
      undisturbed.catch(() => {})
      const onCut = () => cuts++
      const events = await readInPieces(response, { random, servers: urls, most: 6, onCut })
      const { events: expected, isOver } = await undisturbed
      expect(isOver).toBe(true)
      expect(events.join(''), `${api}, stream ${number}`).toBe(expected.join(''))
      expect(expected.join('').match(/tok/g)?.length).toBeGreaterThanOrEqual(TOKENS)
    }
    async function more(): Promise<void> {
      while (cuts < CUTS) await one()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, more))
    console.log(`${cuts} cuts of ${streams} streams at 3 instances on ${HOST}: 0 lost, 0 doubled`)
  },
  30 * 60_000,
)
