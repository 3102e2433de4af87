// Producers that are killed in the middle of their streams, over all APIs. By hand, for a thousand:
//   SLUICE_TEST_KILLS=100 npx vitest run test/redis/kills.long.test.ts --project long
// One kill is of a process with ten streams. SLUICE_TEST_SEED and SLUICE_TEST_FIRST repeat one of them.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import {
  askResumable,
  type ResumableApi,
  randomFrom,
  readEvents,
  resume,
  resumeUrl,
} from '../support/resuming.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const KILLS = Number(process.env.SLUICE_TEST_KILLS ?? 12)
const FIRST = Number(process.env.SLUICE_TEST_FIRST ?? 0)
const SEED = Number(process.env.SLUICE_TEST_SEED ?? 1)
const HOST = (process.env.SLUICE_TEST_HOST ?? 'bun') as 'bun' | 'deno' | 'node'
const APIS: ResumableApi[] = ['chat', 'messages', 'responses', 'ollama']
const STREAMS = 10
/** Processes at once: they wait for the ends of leases for most of the time. */
const AT_ONCE = 4
/** Milliseconds within which a reader should know of the end, and those that a busy machine may take. */
const SOON = 10_000
const LATE = 25_000

let redis: RedisProcess
let upstream: Upstream
let survivors: Server[] = []
let flags: string[] = []

beforeAll(async () => {
  redis = await startRedis()
  upstream = await startUpstream()
  flags = ['--upstream', `gpu=${upstream.url}`, '--state', redis.url]
  survivors = await Promise.all([1, 2].map(() => startServer(HOST, flags)))
}, 60_000)

afterAll(async () => {
  await Promise.all(survivors.map((server) => server.kill()))
  await upstream?.close()
  await redis?.stop()
})

/** What the streams of all kills came to. */
const totals = { lost: 0, whole: 0, late: 0, latest: 0 }

it(
  `${KILLS} kills of ${STREAMS} streams each: each stream has one terminal event, in time`,
  async () => {
    let next = FIRST
    async function more(): Promise<void> {
      while (next < FIRST + KILLS) await killOne(next++)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, more))
    const { lost, whole, late, latest } = totals
    console.log(
      `${KILLS} kills on ${HOST}, ${lost + whole} streams: ${lost} lost, ${whole} had ended; the end was known ` +
        `after ${Math.round(latest)} ms at most, of ${late} after more than ${SOON} ms`,
    )
    expect(lost).toBeGreaterThan(whole)
    // On a quiet machine there is none.
    expect(late).toBeLessThanOrEqual((lost + whole) / 20)
  },
  // A kill takes some twelve seconds, and four go on at once.
  60_000 + KILLS * 15_000,
)

async function killOne(kill: number): Promise<void> {
  const random = randomFrom(SEED * 1_000_003 + kill)
  const dying = await startServer(HOST, flags)
  let killedAt = Number.POSITIVE_INFINITY
  try {
    const clients = Array.from({ length: STREAMS }, (_, n) => {
      const api = APIS[(kill + n) % APIS.length] as ResumableApi
      return client(dying, api, `kill ${kill}, stream ${n}, ${api}`, random, () => killedAt)
    })
    const begun = await Promise.all(clients)
    await sleep(300 + random() * 1_500)
    killedAt = performance.now()
    await dying.kill()
    await Promise.all(begun.map(({ ending }) => ending))
  } finally {
    await dying.kill()
  }
}

/** A client that reads at the one that dies, with or without others elsewhere, and then goes on at a survivor. */
async function client(
  dying: Server,
  api: ResumableApi,
  name: string,
  random: () => number,
  killedAt: () => number,
) {
  // Some end before the kill, or just then.
  const script = pace(10 + Math.floor(random() * 200), 20)
  const response = await askResumable(dying.url, api, { script })
  expect(response.status, name).toBe(200)
  // Who reads elsewhere all the time has the events sent more often, and may be the one that buries it.
  const isFollowed = random() < 0.3
  const elsewhere = [...survivors]
    .sort(() => random() - 0.5)
    .map(({ url }) => resumeUrl(url, response))
  const most = random() < 0.2 ? 1 + Math.floor(random() * 10) : Number.POSITIVE_INFINITY
  const follower = isFollowed ? readOn(elsewhere[1] as string, []) : undefined
  const ending = (async () => {
    const events: string[] = []
    const own = await readEvents(response, most, events).catch(() => undefined)
    if (own?.isOver !== true) await readOn(elsewhere[0] as string, events)
    const took = performance.now() - killedAt()
    if (took > SOON) totals.late++
    totals.latest = Math.max(totals.latest, took)
    await judge(name, api, events, elsewhere, follower)
  })()
  // It is awaited after the kill.
  ending.catch(() => {})
  return { ending }
}

/** Resumes until the stream has ended. */
async function readOn(url: string, events: string[]): Promise<string[]> {
  const deadline = performance.now() + LATE
  for (;;) {
    const answer = await resume(url, events.length)
    if (answer.status === 204) return events
    if (answer.status === 200) {
      if ((await readEvents(answer, Infinity, events)).isOver) return events
    } else if (answer.status === 503) await answer.body?.cancel()
    else throw new Error(`${answer.status}: ${await answer.text()}`)
    if (performance.now() > deadline) throw new Error('The stream does not end.')
    await sleep(100)
  }
}

/** One terminal event, behind all that a client has, and the same for who reads the stream from its start. */
async function judge(
  name: string,
  api: ResumableApi,
  events: string[],
  urls: string[],
  follower: Promise<string[]> | undefined,
) {
  const replays = await Promise.all(urls.map((url) => readOn(url, [])))
  if (follower) replays.push(await follower)
  for (const each of [events, ...replays]) {
    const ends = each.filter((event) => isTerminal(api, event))
    expect(ends, name).toHaveLength(1)
    expect(each.at(-1), name).toBe(ends[0])
    expect(
      numbersOf(each).every((number, at) => number >= at),
      name,
    ).toBe(true)
  }
  const [stored = []] = replays
  for (const other of replays) expect(other, name).toEqual(stored)
  const isLost = stored.at(-1)?.includes('instance_lost') === true || isLostLine(stored.at(-1))
  if (!isLost) expect(events, name).toEqual(stored)
  else {
    // The client of the one that died may have got more than the others know of, and never less than it had.
    const common = Math.min(events.length, stored.length) - 1
    expect(events.slice(0, common), name).toEqual(stored.slice(0, common))
    expect(events.length, name).toBeGreaterThanOrEqual(stored.length)
    const numbers = numbersOf(events)
    if (numbers.length > 1) expect(numbers.at(-1), name).toBe(events.length - 1)
  }
  totals[isLost ? 'lost' : 'whole']++
}

const TERMINALS: Record<string, RegExp> = {
  chat: /data: (\[DONE\]|\{"error":)/,
  messages: /event: (message_stop|error)\n/,
  responses: /event: response\.(completed|failed|incomplete)\n/,
  ollama: /"done":true|^\{"error":/,
}

function isTerminal(api: ResumableApi, event: string): boolean {
  return TERMINALS[api]?.test(event) === true
}

/** Lines of Ollama's API have a message and no code. */
function isLostLine(event: string | undefined): boolean {
  return event?.startsWith('{"error":') === true && event.includes('is gone')
}

function numbersOf(events: string[]): number[] {
  return events.flatMap((event) => {
    const [, number] = /^id: (\d+)$/m.exec(event) ?? []
    return number === undefined ? [] : [Number(number)]
  })
}
