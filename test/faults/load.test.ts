import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postChat, readStream, type StreamRead } from '../support/read.ts'
import { type LogEntry, type Server, startServer } from '../support/server.ts'
import { baselineOf, expectClean, until } from './observe.ts'

/** How long the streams run. A minute says more: `SLUICE_TEST_LOAD_SECONDS=60`. */
const SECONDS = Number(process.env.SLUICE_TEST_LOAD_SECONDS ?? 12)
const STREAMS = 1_000
/** Milliseconds between two tokens of a stream. */
const EVERY = 500
/** Requests beyond those that the engine takes at once: they wait in line, and are short. */
const WAITING = 100
/** Ten clients with a key each; every limit counts, and none is reached. */
const KEYS = Array.from({ length: 10 }, (_, at) => `key-${at}-${randomUUID()}`)
const ENTRIES = KEYS.map((key, at) => ({
  // Its health shows how much the engine works on.
  admin: at === 0,
  name: `client-${at}`,
  hash: `sha256:${createHash('sha256').update(key).digest('hex')}`,
  models: ['m'],
  requestsPerMinute: 2_000,
  tokensPerMinute: 10_000_000,
  streams: (STREAMS + WAITING) / 10,
}))
const FLAGS = ['--max-concurrency', String(STREAMS), '--queue', String(WAITING)]
const MIB = 2 ** 20
/** How often all streams are opened before memory is looked at. */
const WARM_UP = 2

let upstream: ChildProcess
let server: Server

beforeAll(async () => {
  const args = [join(import.meta.dirname, 'load-upstream.ts')]
  upstream = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (upstream.stdout === null) throw new Error('The upstream has no stdout.')
  const [port] = await once(createInterface({ input: upstream.stdout }), 'line')
  server = await startServer('bun', ['--upstream', `http://127.0.0.1:${port}/v1`, ...FLAGS], {
    SLUICE_KEYS: JSON.stringify(ENTRIES),
  })
})

afterAll(async () => {
  upstream?.kill('SIGKILL')
  await server?.kill()
})

const limit = (SECONDS + 90) * 1_000

it(
  `carries ${STREAMS} streams at once for ${SECONDS} s and a line of ${WAITING}, none lost, none mixed up`,
  async () => {
    const { sockets } = baselineOf(server)
    // What a thousand streams need at once is kept for the next: only what grows beyond it is a leak.
    // It goes up and down by some 50 MiB with the rounds of Bun's collector.
    const before = { memory: 0, sockets }
    for (let round = 0; round < WARM_UP; round++) {
      await load(12)
      await settle()
      before.memory = Math.max(before.memory, server.memory())
    }
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, server.memory())
    }, 250)
    const begin = performance.now()
    const tokens = Math.round((SECONDS * 1_000) / EVERY)
    const firsts = await load(tokens)
    const seconds = (performance.now() - begin) / 1_000
    clearInterval(watch)
    await settle()
    const after = server.memory()
    console.info(
      `${STREAMS} streams, ${STREAMS * tokens} tokens in ${seconds.toFixed(1)} s; to the first token ` +
        `p50 ${rank(firsts, 0.5)} ms, p99 ${rank(firsts, 0.99)} ms; memory ${inMib(before.memory)} MiB ` +
        `before, ${inMib(peak)} at most, ${inMib(after)} after`,
    )
    expect((after - before.memory) / MIB).toBeLessThan(80)
    const all = (WARM_UP + 1) * (STREAMS + WAITING)
    expect(chats().filter(({ outcome }) => outcome === 'finished')).toHaveLength(all)
    expect(chats().filter(({ outcome }) => outcome !== 'finished')).toEqual([])
    expect(new Set(chats().map(({ key }) => key)).size).toBe(KEYS.length)
    // A connection that a client forgot is closed when it has been idle for --body-timeout.
    await expectClean(server, before, undefined, 45_000)
  },
  limit,
)

/** All at once. Resolves with the milliseconds to each first token of those that need not wait. */
async function load(tokens: number): Promise<number[]> {
  const running = Array.from({ length: STREAMS }, (_, at) => one(at, tokens))
  await expect.poll(busy, { timeout: 10_000 }).toEqual({ running: STREAMS, waiting: 0 })
  const waiting = Array.from({ length: WAITING }, (_, at) => one(at, 2))
  await expect.poll(busy, { timeout: 10_000 }).toEqual({ running: STREAMS, waiting: WAITING })
  await Promise.all(waiting)
  return Promise.all(running)
}

/** What sluice says of itself: how many requests the engine works on, and how many wait. */
async function busy(): Promise<{ running: number | undefined; waiting: number }> {
  const response = await fetch(`${server.url}/health`, authorized(0))
  const { engines, waiting } = (await response.json()) as {
    engines: { running: number }[]
    waiting: number
  }
  return { running: engines[0]?.running, waiting }
}

function authorized(at: number) {
  return { headers: { authorization: `Bearer ${KEYS[at % KEYS.length]}` } }
}

/** One stream; it says its own name, number by number, and nothing else. */
async function one(at: number, tokens: number): Promise<number> {
  const begin = performance.now()
  const name = `${at}-${randomUUID()}`
  const messages = [{ role: 'user', content: name }]
  const asked = { model: 'm', messages, tokens, every: EVERY }
  const response = await postChat(server.base, asked, authorized(at))
  const read: StreamRead = await readStream(response)
  const expected = Array.from({ length: tokens }, (_, each) => `${name}:${each} `).join('')
  expect(read.text).toBe(expected)
  expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [] })
  return (read.events[0]?.at ?? Number.NaN) - begin
}

/** Waits until the log is whole and memory stops falling. */
async function settle(): Promise<void> {
  let last = Number.POSITIVE_INFINITY
  await until(() => chats().length % (STREAMS + WAITING) === 0, 5_000)
  for (let rounds = 0; rounds < 10 && server.memory() < last; rounds++) {
    last = server.memory()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

function chats(): LogEntry[] {
  return server.log.filter(({ path }) => path === '/v1/chat/completions')
}

function rank(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(0)
}
