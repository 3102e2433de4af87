/**
 * What a stream costs that can be resumed, beside a plain one, in one process: handlers take turns, so that
 * what disturbs the machine disturbs all. `npm run bench:streams -- --help`.
 */
import { parseArgs } from 'node:util'
import { createHostedHandler, type Handler } from '../src/handler.ts'
import type { Fetch, Fetched, PacketReader } from '../src/platform/fetch.ts'
import { Runs } from '../src/routes/runs/runs.ts'
import { memoryRunLog } from '../src/state/memory-run-log.ts'
import { memoryResponseStore } from '../src/state/response-store.ts'
import type { RunLog } from '../src/state/run-log.ts'
import { median, medianInterval } from './stats.ts'

const usage = `Measures what streams cost that can be resumed: node bench/streams.ts [options]

  --rounds N    how often they take turns; 12 by default
  --streams N   streams at once; 100 by default
  --rate N      tokens of each stream in a second; 200 by default
  --seconds N   how long each turn is; 2 by default
  --state URL   a Redis that the streams are stored in too, such as redis://127.0.0.1:6379
  --shared      the same with a log in this process, which shows the cost of the batches alone
  --json        prints the figures as JSON`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    streams: { type: 'string', default: '100' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '2' },
    state: { type: 'string' },
    shared: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const streams = Number(values.streams)
const interval = 1000 / Number(values.rate)
const tokens = Math.round(Number(values.rate) * Number(values.seconds))

const encoder = new TextEncoder()
type Bytes = Uint8Array<ArrayBuffer>

function chunkOf(delta: object, finish_reason: string | null): Bytes {
  const chunk = {
    ...{ id: 'chatcmpl-b', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
    choices: [{ index: 0, delta, finish_reason }],
  }
  return encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`) as Bytes
}

const TOKEN = chunkOf({ content: 'word ' }, null)
const END = encoder.encode(
  `${new TextDecoder().decode(chunkOf({}, 'stop'))}data: [DONE]\n\n`,
) as Bytes

/** Called at the pace of the tokens: one timer for all streams, as its cost is not what is measured. */
const paced = new Set<() => void>()
let began = performance.now()
let ticks = 0
setInterval(() => {
  const due = Math.floor((performance.now() - began) / interval)
  for (; ticks < due; ticks++) for (const each of paced) each()
}, 1)

function answer(): Fetched {
  let sent = 0
  const reader: PacketReader = {
    // The first one is read; the others are pushed.
    read() {
      return new Promise((resolve) => {
        const send = () => {
          paced.delete(send)
          sent++
          resolve({ done: false, value: TOKEN.slice() })
        }
        paced.add(send)
      })
    },
    forEachPacket(take) {
      return new Promise((resolve, reject) => {
        let isTaken = true
        const send = () => {
          if (!isTaken) return
          const isEnd = sent++ === tokens
          if (isEnd) paced.delete(send)
          const taking = take(isEnd ? END : TOKEN.slice())
          if (isEnd) resolve()
          else if (taking) {
            isTaken = false
            taking.then(() => {
              isTaken = true
            }, reject)
          }
        }
        paced.add(send)
      })
    },
    async cancel() {},
  }
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  return { status: 200, ok: true, headers, body: { getReader: () => reader, async cancel() {} } }
}

const upstream: Fetch = async (_url, { body }) => {
  if (body !== undefined) return answer()
  const {
    status,
    ok,
    headers,
    body: list,
  } = Response.json({
    object: 'list',
    data: [{ id: 'm', object: 'model' }],
  })
  return { status, ok, headers, body: list } as Fetched
}

/** Appends to the log that instances share. */
let appends = 0

function counted(log: RunLog): RunLog {
  return {
    open: (...asked) => log.open(...asked),
    append(...asked) {
      appends++
      return log.append(...asked)
    },
    read: (...asked) => log.read(...asked),
    stop: (...asked) => log.stop(...asked),
    bury: (...asked) => log.bury(...asked),
    delete: (...asked) => log.delete(...asked),
    watch: (...asked) => log.watch(...asked),
  }
}

async function sharedLog(): Promise<RunLog | undefined> {
  if (values.shared) return counted(memoryRunLog())
  if (values.state === undefined) return undefined
  const { connectRedis } = await import('../test/support/redis-port.ts')
  const { redisRunLog } = await import('../src/state/redis/run-log.ts')
  return counted(redisRunLog(await connectRedis(values.state, { deadlineMs: 5_000 })))
}

const shared = await sharedLog()

function handler(): Handler {
  const settings = {
    ...{ upstream: ['gpu=http://127.0.0.1:9/v1'], discover: false, heartbeat: 60_000 },
    ...{ maxResumable: 10_000, queue: 10_000, metrics: false, activity: 0 },
  }
  const responses = { store: memoryResponseStore(), runs: new Runs(shared) }
  return createHostedHandler(settings, { exposure: 'machine', fetch: upstream, responses })
}

type Side = 'plain' | 'resumable' | 'control'
const SIDES: readonly Side[] = ['plain', 'resumable', 'control']
const handlers: Record<Side, Handler> = {
  plain: handler(),
  resumable: handler(),
  control: handler(),
}

async function readOne(side: Side): Promise<void> {
  const request = new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers: {
      ...{ host: 'localhost', 'content-type': 'application/json' },
      ...(side === 'resumable' && { 'x-sluice-resume': '1' }),
    },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  })
  const response = await handlers[side].fetch(request)
  const isResumable = response.headers.get('x-sluice-resume') !== null
  if (response.status !== 200 || isResumable !== (side === 'resumable'))
    throw new Error(`expected a ${side} stream, got status ${response.status}`)
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read());
}

/** Microseconds of processor time for each chunk, the client's part included. */
async function turn(side: Side): Promise<number> {
  began = performance.now()
  ticks = 0
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: streams }, () => readOne(side)))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (streams * tokens)
}

const costs: Record<Side, number[]> = { plain: [], resumable: [], control: [] }
let seconds = 0
for (let round = -1; round < Number(values.rounds); round++) {
  const at = Math.abs(round) % SIDES.length
  for (const side of [...SIDES.slice(at), ...SIDES.slice(0, at)]) {
    if (round === 0 && seconds === 0) appends = 0
    const start = performance.now()
    const cost = await turn(side)
    if (round < 0) continue
    costs[side].push(cost)
    if (side === 'resumable') seconds += (performance.now() - start) / 1000
  }
}
const more = (side: Side) =>
  medianInterval(costs[side].map((cost, round) => cost - (costs.plain[round] as number)))
const figures = {
  ...{ streams, rate: Number(values.rate), rounds: Number(values.rounds) },
  plain: median(costs.plain),
  resumable: median(costs.resumable),
  more: more('resumable'),
  control: more('control'),
  appendsPerSecond: appends / seconds / streams,
}
if (values.json) console.log(JSON.stringify(figures))
else {
  const shown = ({ mean, low, high }: typeof figures.more) =>
    `${mean.toFixed(2)} µs (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`
  console.log(`CPU for each chunk, ${streams} streams × ${values.rate} tokens/s: ${figures.plain.toFixed(2)} µs plain, ${figures.resumable.toFixed(2)} µs resumable
  more: ${shown(figures.more)}
  plain against plain: ${shown(figures.control)}`)
  if (shared)
    console.log(
      `Appends per second and stream: ${figures.appendsPerSecond.toFixed(1)}; a turn takes ${(seconds / Number(values.rounds)).toFixed(1)} s`,
    )
}
process.exit(0)
