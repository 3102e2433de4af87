/**
 * What metrics and the activity feed cost, in one process: the same handler with and without them takes
 * turns, so that what disturbs the machine disturbs both. `npm run bench:telemetry -- --help`.
 */
import { parseArgs } from 'node:util'
import {
  bytesPerToken,
  type Contest,
  contest,
  costOfFirstToken,
  costOfObservation,
  costPerToken,
  timeOfMetrics,
} from './measure/telemetry.ts'

const usage = `Measures what telemetry costs: node bench/telemetry.ts [options]

  --rounds N     how often they take turns; 300 by default
  --tokens N     tokens of each stream; 2000 by default
  --only NAME    "metrics" or "activity" alone is switched on; both by default
  --json         prints the figures as JSON`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    tokens: { type: 'string', default: '2000' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const { only } = values
const both: Contest = contest(Number(values.tokens), {
  metrics: only !== 'activity',
  activity: only === 'metrics' ? 0 : 500,
})
const figures = {
  perToken: await costPerToken(both, Number(values.rounds)),
  firstToken: await costOfFirstToken(both, Number(values.rounds)),
  ...(process.versions.bun === undefined && { bytes: await bytesPerToken(both) }),
  observation: costOfObservation(),
  metrics: await timeOfMetrics(500),
}
if (values.json) console.log(JSON.stringify(figures))
else print()
process.exit(0)

function print(): void {
  const { perToken, firstToken, bytes, observation, metrics } = figures
  const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(2)} %`
  const interval = ({ mean, low, high }: typeof perToken.ratio) =>
    `${percent(mean)} (95 %: ${percent(low)} to ${percent(high)})`
  const micros = ({ mean, low, high }: typeof firstToken.difference) =>
    `${mean.toFixed(1)} µs (95 %: ${low.toFixed(1)} to ${high.toFixed(1)})`
  console.log(`CPU for each token: ${perToken.off.toFixed(0)} ns without, ${perToken.on.toFixed(0)} ns with
  more: ${interval(perToken.ratio)}
  off against off, which shows what this machine can tell: ${interval(perToken.control)}
The observation of a token alone: ${observation.toFixed(1)} ns
Request to its first token: ${firstToken.off.toFixed(1)} µs without, ${firstToken.on.toFixed(1)} µs with
  more: ${micros(firstToken.difference)}
  off against off: ${micros(firstToken.control)}`)
  if (bytes !== undefined)
    console.log(
      `Bytes allocated for each token: ${bytes.off.toFixed(1)} without, ${bytes.on.toFixed(1)} with`,
    )
  console.log(
    `GET /metrics with ${metrics.series} series (${metrics.bytes} bytes): ${metrics.ms.toFixed(2)} ms (median), ${metrics.most.toFixed(2)} ms (longest of 200)`,
  )
}
