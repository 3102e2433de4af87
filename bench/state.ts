/**
 * What state that instances share costs: limits that are decided in Redis, and streams that can be resumed. A
 * server of its own is started on this machine. `npm run bench:state -- --help`.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createHostedHandler } from '../src/handler.ts'
import type { HandlerHost } from '../src/options.ts'
import { memoryResponses } from '../src/routes/runs/runs.ts'
import { memoryLimits } from '../src/state/memory-limits.ts'
import { redisLimits } from '../src/state/redis/limits.ts'
import { redisRunLog } from '../src/state/redis/run-log.ts'
import { startRedis } from '../test/support/redis.ts'
import { connectRedis } from '../test/support/redis-port.ts'
import { cpuOfStreams, PacedUpstream, timesOfLimits } from './measure/state.ts'
import { added, type Interval, median, medianInterval } from './stats.ts'

const usage = `Measures what shared state costs: node bench/state.ts [options]

  --pairs N      pairs of admit and settle; 5000 by default
  --rounds N     how often the kinds of streams take turns; 12 by default
  --streams N    streams at the same time; 100 by default
  --rate N       tokens a second of each; 200 by default
  --seconds N    of each turn; 3 by default
  --against DIR  another checkout, with its packages: its plain streams take turns with these
  --json         prints the figures as JSON`

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '12' },
    streams: { type: 'string', default: '100' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '3' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const [pairs, rounds, streams, rate, seconds] = [
  ...[values.pairs, values.rounds, values.streams, values.rate, values.seconds],
].map(Number) as [number, number, number, number, number]

type Create = typeof createHostedHandler
type Kind = 'before' | 'plain' | 'control' | 'memory' | 'redis'

await using redis = await startRedis()
const limitsPort = await connectRedis(redis.url, { deadlineMs: 10_000 })
const runsPort = await connectRedis(redis.url, { deadlineMs: 10_000, isUsedWhenFull: true })
const upstream = new PacedUpstream(rate)

const figures = {
  memoryLimits: await timesOfLimits(memoryLimits(), pairs),
  redisLimits: await timesOfLimits(redisLimits(limitsPort), pairs),
  streams: await turns(upstream.fetch(), Math.round(rate * seconds)),
  ...(values.against !== undefined && { off: await turns(upstream.fetch(true), 500, 3) }),
}
if (values.json) console.log(JSON.stringify(figures))
else print()
process.exit(0)

/** Each kind of stream in turn, in another order each time. `times`: so many turns more. */
async function turns(fetch: HandlerHost['fetch'], tokens: number, times = 1) {
  const make = (create: Create, host: HandlerHost = {}) =>
    create(
      { upstream: ['gpu=http://127.0.0.1:9/v1'], discover: false, heartbeat: 60_000 },
      { exposure: 'machine', ...(fetch && { fetch }), ...host },
    )
  const kinds: [Kind, ReturnType<Create>, boolean][] = [
    ['plain', make(createHostedHandler), false],
    ['control', make(createHostedHandler), false],
    ['memory', make(createHostedHandler), true],
    [
      'redis',
      make(createHostedHandler, { responses: memoryResponses(redisRunLog(runsPort)) }),
      true,
    ],
  ]
  if (values.against !== undefined) {
    const url = pathToFileURL(`${values.against}/src/handler.ts`).href
    const other = (await import(url)) as { createHostedHandler: Create }
    kinds.push(['before', make(other.createHostedHandler), false])
  }
  const costs: Record<Kind, number[]> = {
    ...{ before: [], plain: [], control: [], memory: [], redis: [] },
  }
  upstream.start()
  for (let round = -2; round < rounds * times; round++) {
    const at = Math.abs(round) % kinds.length
    for (const [kind, handler, isResumable] of [...kinds.slice(at), ...kinds.slice(0, at)]) {
      const cost = await cpuOfStreams(handler, { streams, tokens, isResumable })
      if (round >= 0) costs[kind].push(cost)
    }
  }
  upstream.stop()
  const more = (kind: Kind) => medianInterval(added(costs[kind], costs.plain))
  return {
    ...{ plain: median(costs.plain), control: more('control') },
    ...{ memory: more('memory'), redis: more('redis') },
    ...(costs.before.length > 0 && { before: more('before') }),
  }
}

function print(): void {
  const ms = ({ p50, p99 }: { p50: number; p99: number }) =>
    `p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`
  const micros = ({ mean, low, high }: Interval) =>
    `${mean.toFixed(2)} µs (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`
  for (const [name, times] of [
    ['in memory', figures.memoryLimits],
    ['in Redis on this machine', figures.redisLimits],
  ] as const) {
    console.log(`Limits ${name}: admit ${ms(times.admit)}; settle ${ms(times.settle)}
  both: ${ms(times.both)}`)
  }
  const paced = `${streams} streams of ${rate} tokens a second`
  tell(paced, figures.streams)
  if (figures.off) tell(`${streams} streams as fast as they are read`, figures.off)

  function tell(what: string, told: Awaited<ReturnType<typeof turns>>): void {
    console.log(`CPU of this process for each token, ${what}: ${told.plain.toFixed(2)} µs plain
  plain against plain, which shows what this machine can tell: ${micros(told.control)} more
  resumable, in memory: ${micros(told.memory)} more
  resumable, copied to Redis: ${micros(told.redis)} more`)
    if (told.before) console.log(`  plain, in ${values.against}: ${micros(told.before)} more`)
  }
}
