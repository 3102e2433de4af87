/**
 * What a tab's link costs: `npm run bench:tabs -- --help`. A server runs on each host, and tabs of this
 * process, with an engine that makes tokens at a pace, are asked through it over real connections.
 */
import { spawn } from 'node:child_process'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { root } from '../scripts/hosts.mjs'
import { serveEngine } from '../src/engines/remote/serve-engine.ts'
import { Link } from '../src/tabs/link.ts'
import { EventScanner } from '../src/wire/sse/sse.ts'
import { pacedEngine } from '../test/support/tab-engine.ts'
import { median } from './stats.ts'
import { OFFERS } from './tabs-keys.ts'

const usage = `Measures what answers of a browser tab cost: node bench/tabs.ts [options]

  --hosts LIST   bun,deno,node by default
  --seconds N    of each measurement; 5 by default
  --tabs N       idle tabs whose memory is measured; 200 by default
  --json         prints the figures as JSON`

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: 'bun,deno,node' },
    seconds: { type: 'string', default: '5' },
    tabs: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const seconds = Number(values.seconds)
const state = { models: [{ id: 'm', state: 'loaded' as const }], visible: true, paused: false }
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

interface Pace {
  /** Tokens per second that the engine makes, and that arrived as a share of those. */
  rate: number
  share: number
  /** Milliseconds from a token in the tab to the same one at the client. */
  median: number
  p95: number
}

/** One stream through a tab. Both clocks are this process's. */
async function measure({ url }: Server, rate: number): Promise<Pace> {
  const tokens = Math.round(rate * seconds)
  const made: number[] = []
  const came: number[] = []
  const engine = pacedEngine({
    ...{ tokens, every: 1_000 / rate },
    onToken: (index) => {
      made[index] = performance.now()
    },
  })
  const link = await join(url, (port) => serveEngine(port, engine), OFFERS[0])
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'm', stream: true },
      messages: [{ role: 'user', content: 'Hi' }],
    }),
  })
  const scanner = new EventScanner()
  for await (const bytes of response.body ?? []) {
    const now = performance.now()
    scanner.push(bytes as Uint8Array<ArrayBuffer>)
    while (scanner.next()) {
      const [, index] = /"content":"(\d+) "/.exec(scanner.fields().data ?? '') ?? []
      if (index !== undefined) came[Number(index)] = now
    }
  }
  link.leave()
  if (came.length !== tokens) throw new Error(`${came.length} of ${tokens} tokens came`)
  // The first ones are those of a stream that begins.
  const added = came.map((at, n) => at - (made[n] ?? Number.NaN)).slice(5)
  const sorted = added.toSorted((a, b) => a - b)
  const took = (times: number[]) => (times.at(-1) ?? 0) - (times[0] ?? 0)
  return {
    rate,
    share: took(made) / took(came),
    median: median(added),
    p95: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
  }
}

/** The engine's own pace in this process, without a server or a link. */
async function alone(rate: number): Promise<number> {
  const tokens = Math.round(rate * Math.min(seconds, 2))
  const made: number[] = []
  const engine = pacedEngine({
    ...{ tokens, every: 1_000 / rate },
    onToken: () => made.push(performance.now()),
  })
  const request = { model: 'm', messages: [], stream: true } as never
  const stream = await engine.chat(request, new AbortController().signal)
  if (stream.kind !== 'chunks') return Number.NaN
  for (; !(await stream.items.next()).done; );
  return ((made.length - 1) * 1_000) / ((made.at(-1) ?? 0) - (made[0] ?? 0))
}

function join(url: string, serve: ConstructorParameters<typeof Link>[0]['serve'], key = '') {
  return new Promise<Link>((resolve, reject) => {
    const link = new Link({
      ...{ url, key, state, serve },
      onStatus: (status) => {
        if (status.kind === 'joined') resolve(link)
        if (status.kind === 'ended') reject(new Error(status.why))
      },
    })
  })
}

const RUNTIMES = {
  bun: ['bun'],
  deno: ['deno', 'run', '-A', '--v8-flags=--expose-gc'],
  node: ['node', '--expose-gc'],
}
type Runtime = keyof typeof RUNTIMES

interface Server {
  url: string
  /** Bytes of its heap that are in use. */
  used(): Promise<number>
  kill(): void
}

async function start(runtime: Runtime): Promise<Server> {
  const [file = '', ...args] = RUNTIMES[runtime]
  const all = [...args, path(root, 'bench/tabs-server.ts')]
  const stdio = ['pipe', 'pipe', 'ignore'] as const
  const server = spawn(path(root, 'node_modules/.bin', file), all, { stdio: [...stdio] })
  const { stdin, stdout } = server
  if (stdin === null || stdout === null) throw new Error('The server has no input or output.')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const next = async () => String((await lines.next()).value)
  return {
    url: await next(),
    async used() {
      stdin.write('\n')
      return Number(await next())
    },
    kill: () => void server.kill(),
  }
}

/** KiB of the server's heap for each tab that has joined and is idle. */
async function memory({ url, used }: Server): Promise<number> {
  const count = Number(values.tabs)
  for (let round = 0; round < 3; round++) await leaveAll(await joinIdle(url, count))
  const before = await used()
  const tabs = await joinIdle(url, count)
  const after = await used()
  await leaveAll(tabs)
  return (after - before) / 1024 / count
}

function joinIdle(url: string, count: number): Promise<Link[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => join(url, () => () => {}, OFFERS[n % OFFERS.length])),
  )
}

async function leaveAll(tabs: Link[]): Promise<void> {
  for (const tab of tabs) tab.leave()
  await pause(500)
}

async function main(): Promise<void> {
  const results: object[] = []
  for (const rate of [30, 100, 200]) {
    console.log(`engine alone at ${rate}/s: ${(await alone(rate)).toFixed(1)}/s`)
  }
  for (const host of values.hosts.split(',') as Runtime[]) {
    const server = await start(host)
    try {
      const size = await memory(server)
      results.push({ host, kibPerTab: size })
      console.log(`${host}: ${size.toFixed(1)} KiB for each idle tab`)
      for (const rate of [30, 100, 200]) {
        const pace = await measure(server, rate)
        await pause(200)
        results.push({ host, ...pace })
        const { share, median: added, p95 } = pace
        console.log(
          `${host} ${rate}/s: ${share.toFixed(3)} of the pace, added ${added.toFixed(2)} ms (95 %: ${p95.toFixed(2)} ms)`,
        )
      }
    } finally {
      server.kill()
    }
  }
  if (values.json) console.log(JSON.stringify(results))
}

await main()
