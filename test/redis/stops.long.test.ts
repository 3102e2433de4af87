// How soon an engine is stopped by another instance: until its socket is closed. By hand:
//   SLUICE_TEST_STOPS=200 npx vitest run test/redis/stops.long.test.ts --project long
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { askResumable, type ResumableApi, resumeUrl } from '../support/resuming.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const STOPS = Number(process.env.SLUICE_TEST_STOPS ?? 60)
const HOST = (process.env.SLUICE_TEST_HOST ?? 'bun') as 'bun' | 'deno' | 'node'
const APIS: ResumableApi[] = ['chat', 'messages', 'responses', 'ollama']

let redis: RedisProcess
let upstream: Upstream
/** One that produces, one that is not told of a stop, and one at which the streams are stopped. */
let told: Server
let deaf: Server
let other: Server

beforeAll(async () => {
  redis = await startRedis()
  // It may do everything but listen, so that no notice ever comes.
  redis.ask('acl', 'setuser', 'deaf', 'on', '>secret', '~*', '&*', '+@all', '-subscribe')
  upstream = await startUpstream()
  const start = (state: string) =>
    startServer(
      HOST,
      [
        ...['--upstream', `gpu=${upstream.url}`],
        // A prompt that is being read shows its address soon.
        ...['--header-wait', '20ms', '--heartbeat', '1s'],
      ],
      { SLUICE_STATE: state },
    )
  const deafUrl = redis.url.replace('redis://', 'redis://deaf:secret@')
  ;[told, deaf, other] = await Promise.all([start(redis.url), start(deafUrl), start(redis.url)])
}, 60_000)

afterAll(async () => {
  await Promise.all([told, deaf, other].map((server) => server?.kill()))
  await upstream?.close()
  await redis?.stop()
})

it.each([
  { name: 'while it streams', isPrefill: false, isDeaf: false, most: 100 },
  { name: 'while it reads the prompt', isPrefill: true, isDeaf: false, most: 100 },
  {
    name: 'while it streams, where the notice is lost',
    isPrefill: false,
    isDeaf: true,
    most: 1_000,
  },
  {
    name: 'while it reads the prompt, where the notice is lost',
    isPrefill: true,
    isDeaf: true,
    most: 1_000,
  },
])(
  `${STOPS} times: an engine is stopped by another instance $name`,
  async ({ name, isPrefill, isDeaf, most }) => {
    const times: number[] = []
    const producer = isDeaf ? deaf : told
    for (let at = 0; at < STOPS; at++) times.push(await stopOne(producer, at, isPrefill))
    times.sort((a, b) => a - b)
    const share = (part: number) => times[Math.min(STOPS - 1, Math.floor(STOPS * part))] ?? 0
    console.log(
      `${name}, ${STOPS} times on ${HOST}: p50 ${share(0.5).toFixed(1)} ms, p99 ${share(0.99).toFixed(1)} ms, ` +
        `longest ${share(1).toFixed(1)} ms (goal: ${most} ms at p99)`,
    )
    // The goal holds on a quiet machine.
    expect(share(0.5)).toBeLessThan(most * 2)
    expect(share(0.99)).toBeLessThan(most * 10)
    if (isDeaf) expect(share(1), 'the notice is lost').toBeGreaterThan(100)
  },
  60_000 + STOPS * 3_000,
)

/** Milliseconds from the request to the closed socket. */
async function stopOne(producer: Server, at: number, isPrefill: boolean): Promise<number> {
  const api = APIS[at % APIS.length] as ResumableApi
  const script = { ...pace(2_000, 20), ...(isPrefill && { headersAfter: 'never' as const }) }
  const before = upstream.requests.length
  const response = await askResumable(producer.url, api, { script })
  expect(response.status).toBe(200)
  const chat = () => upstream.requests.slice(before).find(({ method }) => method === 'POST')
  while (chat() === undefined) await sleep(5)
  // At any moment between two looks at the store.
  await sleep(200 + Math.random() * 1_000)
  const url = resumeUrl(other.url, response)
  const isDelete = at % 2 === 0
  const asked = performance.now()
  const answer = await fetch(isDelete ? url : `${url}/stop`, {
    method: isDelete ? 'DELETE' : 'POST',
  })
  expect(answer.status).toBe(200)
  const closedAt = (await chat()?.closedWithin(10_000)) ?? Number.POSITIVE_INFINITY
  await response.body?.cancel()
  return closedAt - asked
}
