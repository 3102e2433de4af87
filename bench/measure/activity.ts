/**
 * What the activity feed costs: nanoseconds of computing for each forwarded token and microseconds for each short
 * request, with the feed on and with two readers, against the feed off. The three alternate in random
 * order in one process, so that whatever else the machine does strikes all alike.
 *   RUNTIME bench/measure/activity.ts [ROUNDS]
 * On Node it also prints the bytes allocated for each token, by sampling the heap.
 */
import { createHandler } from '../../src/index.ts'
import { meanRatio, median, ratio } from '../stats.ts'

declare const process: {
  argv: string[]
  versions: Record<string, string | undefined>
  cpuUsage(): { user: number; system: number }
}

const ROUNDS = Number(process.argv[2] ?? 150)
const WARM_UPS = 4
const TOKENS = 2_000
const REQUESTS = 20

const encoder = new TextEncoder()
const chunk = (delta: object, reason: string | null) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
  choices: [{ index: 0, delta, finish_reason: reason }],
})
const packet = (data: object) => encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
const TOKEN = packet(chunk({ content: 'word ' }, null))
const FIRST = packet(chunk({ role: 'assistant', content: 'word ' }, null))
const LAST = encoder.encode(`data: ${JSON.stringify(chunk({}, 'stop'))}\n\ndata: [DONE]\n\n`)
const MODELS = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] })

/** An upstream in this process, which sends each token as one packet. */
async function upstream(url: string, init?: { body?: unknown }): Promise<Response> {
  if (!url.endsWith('/chat/completions')) {
    return new Response(MODELS, { headers: { 'content-type': 'application/json' } })
  }
  const left = { tokens: String(init?.body).includes('"short"') ? 1 : TOKENS }
  const body = new ReadableStream({
    pull(controller) {
      left.tokens--
      if (left.tokens >= 0) controller.enqueue(left.tokens === TOKENS - 1 ? FIRST : TOKEN.slice())
      else {
        controller.enqueue(LAST)
        controller.close()
      }
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function handlerWith(activity: number) {
  return createHandler({
    ...{ upstream: ['gpu=http://127.0.0.1:1/v1'], activity, metrics: false },
    keys: [{ name: 'root', hash: HASH, admin: true }],
    fetch: upstream as never,
  })
}

const HASH = `sha256:${await sha256('root-key')}`
const VARIANTS = { off: handlerWith(0), on: handlerWith(500), read: handlerWith(500) }
type Variant = keyof typeof VARIANTS
const variants = Object.keys(VARIANTS) as Variant[]

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function ask(variant: Variant, content: string): Promise<number> {
  const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content }] })
  const headers = { 'content-type': 'application/json', authorization: 'Bearer root-key' }
  const url = 'http://127.0.0.1/v1/chat/completions'
  const response = await VARIANTS[variant].fetch(
    new Request(url, { method: 'POST', headers, body }),
  )
  let bytes = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    bytes += part.value.length
  if (response.status !== 200) throw new Error(`expected status 200, got ${response.status}`)
  return bytes
}

/** Microseconds that this process has computed: other programs take time, but not this. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Nanoseconds for each token of one stream. */
async function tokenCost(variant: Variant): Promise<number> {
  const start = cpuTime()
  if ((await ask(variant, 'long')) < TOKENS * 50) throw new Error('expected a whole stream')
  return ((cpuTime() - start) * 1e3) / TOKENS
}

/** Microseconds for each of several short requests. */
async function requestCost(variant: Variant): Promise<number> {
  const start = cpuTime()
  for (let count = 0; count < REQUESTS; count++) await ask(variant, 'short')
  return (cpuTime() - start) / REQUESTS
}

/** Reads the feed for as long as the process runs. */
async function readFeed(): Promise<void> {
  const headers = { authorization: 'Bearer root-key' }
  const url = 'http://127.0.0.1/v1/activity?stream=true'
  const { body } = await VARIANTS.read.fetch(new Request(url, { headers }))
  const reader = body?.getReader()
  while (!(await reader?.read())?.done) {}
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item)
}

/** The difference of pairs in percent of the base, and where it lies in 95 of 100 runs. */
function difference(base: readonly number[], other: readonly number[]): string {
  const { mean, low, high } = meanRatio(other.map((value, at) => ratio(value, base[at] ?? 0)))
  const percent = (value: number) => ((value - 1) * 100).toFixed(2)
  return `${percent(mean)} % [${percent(low)}, ${percent(high)}]`
}

async function compare(name: string, unit: string, measure: (variant: Variant) => Promise<number>) {
  const costs: Record<Variant, number[]> = { off: [], on: [], read: [] }
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    for (const variant of shuffled(variants)) {
      const cost = await measure(variant)
      if (round >= WARM_UPS) costs[variant].push(cost)
    }
  }
  const told = variants.map((variant) => `${variant} ${median(costs[variant]).toFixed(1)}`)
  console.log(`${name}, ${unit}: ${told.join(', ')}`)
  console.log(
    `  on: ${difference(costs.off, costs.on)}; read: ${difference(costs.off, costs.read)}`,
  )
}

/** Bytes allocated for each token, with those that were collected since. */
async function allocated(variant: Variant): Promise<number> {
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 4_096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as never)
  for (let count = 0; count < 5; count++) await ask(variant, 'long')
  const { profile } = await session.post('HeapProfiler.stopSampling')
  session.disconnect()
  const sum = ({ selfSize, children }: typeof profile.head): number =>
    children.reduce((total, child) => total + sum(child), selfSize)
  return sum(profile.head) / (5 * TOKENS)
}

void readFeed()
void readFeed()
await compare('token', 'ns', tokenCost)
await compare('short request', 'µs', requestCost)
if (process.versions.node && !process.versions.bun && !process.versions.deno) {
  for (const variant of [...variants, ...variants])
    console.log(`bytes per token, ${variant}: ${(await allocated(variant)).toFixed(0)}`)
}
for (const handler of Object.values(VARIANTS)) void handler.drain(0)
