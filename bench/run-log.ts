// What the log of runs in Redis costs: `node_modules/.bin/node bench/run-log.ts`. Starts a server of its own on
// this machine. Prints the CPU of this process and of the server, in microseconds for each append.

import { parseArgs } from 'node:util'
import { redisRunLog } from '../src/state/redis/run-log.ts'
import type { RunInfo } from '../src/state/run-log.ts'
import { type RedisProcess, startRedis } from '../test/support/redis.ts'
import { connectRedis } from '../test/support/redis-port.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    rate: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '8' },
    bytes: { type: 'string', default: '8192' },
  },
})
const [runs, rate, seconds, bytes] = [values.runs, values.rate, values.seconds, values.bytes].map(
  Number,
) as [number, number, number, number]

/** An event of a chat stream has about so many bytes. */
const EVENT = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(140) } }] })}\n\n`
const INFO: RunInfo = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: true,
  isBackground: false,
  instance: 'bench',
}

await using redis = await startRedis()
const connection = await connectRedis(redis.url, { deadlineMs: 10_000 })
const log = redisRunLog(connection)
const keys = Array.from({ length: runs }, (_, n) => ({ owner: 'bench', id: `strm_${n}` }))
for (const key of keys) await log.open(key, INFO, { bytes: 4_194_304, keepMs: 600_000 })
const frames = Array.from({ length: Math.max(1, Math.round(bytes / EVENT.length)) }, () => EVENT)

console.log(`${frames.length} events of ${EVENT.length} bytes in an append`)
console.log(`one after another: ${(await oneByOne(500)).toFixed(3)} ms each (median)`)
await atRate()
connection.close()

async function oneByOne(count: number): Promise<number> {
  const key = { owner: 'bench', id: 'strm_single' }
  await log.open(key, INFO, { bytes: 4_194_304, keepMs: 600_000 })
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const start = performance.now()
    await log.append(key, 1, n * frames.length, frames)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[count >> 1] ?? 0
}

/** Each run appends `rate` times in a second, all at different moments, as replicators do. */
async function atRate(): Promise<void> {
  const nexts = keys.map(() => 0)
  const before = { own: process.cpuUsage(), server: serverCpu(redis) }
  const times: number[] = []
  const start = performance.now()
  let sent = 0
  while (performance.now() - start < seconds * 1_000) {
    const due = Math.floor(((performance.now() - start) / 1_000) * rate * runs)
    const calls: Promise<void>[] = []
    for (; sent < due; sent++) calls.push(appendTo(sent % runs, nexts, times))
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (calls.length > 0) await Promise.all(calls)
  }
  const wall = (performance.now() - start) / 1_000
  const own = process.cpuUsage(before.own)
  const server = serverCpu(redis) - before.server
  const ownMs = (own.user + own.system) / 1_000
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(2)
  console.log(`${runs} runs, ${(sent / wall).toFixed(0)} appends a second for ${wall.toFixed(1)} s`)
  console.log(`latency: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  console.log(`this process: ${each(ownMs, sent)} µs an append, ${share(ownMs, wall)} % of a core`)
  console.log(`the server: ${each(server, sent)} µs an append, ${share(server, wall)} % of a core`)
}

async function appendTo(at: number, nexts: number[], times: number[]): Promise<void> {
  const first = nexts[at] ?? 0
  const key = keys[at]
  if (key === undefined) return
  nexts[at] = first + frames.length
  const start = performance.now()
  const produced = await log.append(key, 1, first, frames)
  times.push(performance.now() - start)
  if (produced.kind !== 'held') throw new Error('The run was lost.')
}

/** Milliseconds of CPU that the server has used. */
function serverCpu(server: RedisProcess): number {
  const text = server.ask('info', 'cpu')
  const read = (name: string) => Number.parseFloat(text.split(`${name}:`)[1] ?? '')
  return (read('used_cpu_sys') + read('used_cpu_user')) * 1_000
}

function each(ms: number, count: number): string {
  return ((ms * 1_000) / count).toFixed(1)
}

function share(ms: number, wall: number): string {
  return (ms / wall / 10).toFixed(1)
}
