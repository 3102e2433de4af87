// What `redis-runtimes.test.ts` runs on a runtime: the path to a server, and the pid of the server. Writes what it
// found as JSON.

import { setTimeout as sleep } from 'node:timers/promises'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { CA } from './certificate.ts'
import { connectRedis } from './redis-port.ts'

const [url = '', pid = ''] = process.argv.slice(2)
const connection = await connectRedis(url, { ca: url.startsWith('rediss:') ? CA : undefined })

async function timeOf(act: () => Promise<unknown>): Promise<[string, number]> {
  const start = performance.now()
  const outcome = await act().then(
    () => 'ok',
    (error: Error) => error.name,
  )
  return [outcome, performance.now() - start]
}

async function until(is: () => boolean): Promise<boolean> {
  for (let count = 0; count < 1_000 && !is(); count++) await sleep(10)
  return is()
}

const messages: string[] = []
connection.subscribe('news', (message) => messages.push(message))
for (let count = 0; count < 100 && messages.length === 0; count++) {
  await connection.publish('news', 'hello ä€')
  await sleep(10)
}

const limits = redisLimits(connection)
const key = { requestsPerMinute: 1e6, tokensPerMinute: 1e9, maxConcurrency: 100 }
const times: number[] = []
for (let count = 0; count < 2_000; count++) {
  const permit = { id: `permit-${count}`, slot: 'running' } as const
  const claim = { key: 'ann', limits: key, tokens: 100 }
  const [outcome, ms] = await timeOf(async () => {
    await limits.admit({ ...claim, requests: 1, permit })
    await limits.settle({ ...claim, ...permit }, { tokens: 50, answerTokens: 20 })
  })
  if (outcome === 'ok') times.push(ms)
  // A busy machine may take longer than a call may.
  else await until(() => !connection.isAway)
}
times.sort((a, b) => a - b)

const ping = () => connection.send(['PING'], undefined)
process.kill(Number(pid), 'SIGSTOP')
const frozen = await timeOf(ping)
const later = await timeOf(ping)
// Two attempts to connect are given up meanwhile.
await sleep(2_300)
const muchLater = await timeOf(ping)
process.kill(Number(pid), 'SIGCONT')
const isBack = await until(() => !connection.isAway)
const after = await timeOf(ping)
connection.close()
console.log(
  JSON.stringify({
    message: messages[0],
    frozen,
    later,
    muchLater,
    isBack,
    after: after[0],
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
  }),
)
