import { Session } from 'node:inspector/promises'
import { createHostedHandler, type Handler } from '../../src/handler.ts'
import type { Fetch, Fetched, PacketReader } from '../../src/platform/fetch.ts'
import { Timeline } from '../../src/stream/timeline.ts'
import { ExchangeMetrics } from '../../src/telemetry/metrics/exchange-metrics.ts'
import { metricsType, writeMetrics } from '../../src/telemetry/metrics/exposition.ts'
import type { Gauges } from '../../src/telemetry/metrics/gauges.ts'
import { KnownLabels } from '../../src/telemetry/metrics/known-labels.ts'
import { Registry } from '../../src/telemetry/metrics/registry.ts'
import { median, medianInterval } from '../stats.ts'

/** The same handler with telemetry, without it, and without it once more. */
export interface Contest {
  tokens: number
  on: Handler
  off: Handler
  control: Handler
}

type Telemetry = { metrics: boolean; activity: number }

const encoder = new TextEncoder()

/** Handlers before an upstream in this process, which pushes tokens as fast as they are taken. */
export function contest(tokens: number, on: Telemetry): Contest {
  const make = (telemetry: Telemetry) =>
    createHostedHandler(
      { upstream: ['gpu=http://127.0.0.1:9/v1'], discover: false, heartbeat: 60_000, ...telemetry },
      { exposure: 'machine', fetch: upstreamOf() },
    )
  const off = { metrics: false, activity: 0 }
  return { tokens, on: make(on), off: make(off), control: make(off) }
}

/** How many tokens the upstream sends is in the request. */
function upstreamOf(): Fetch {
  return async (_url, { body }) => {
    if (body === undefined) return json({ object: 'list', data: [{ id: 'm', object: 'model' }] })
    const { max_tokens: count = 1 } = JSON.parse(String(body)) as { max_tokens?: number }
    return stream(count)
  }
}

function json(value: object): Fetched {
  const { status, ok, headers, body } = Response.json(value)
  return { status, ok, headers, body } as Fetched
}

const chunkOf = (delta: object, finish_reason: string | null) =>
  encoder.encode(
    `data: ${JSON.stringify({
      ...{ id: 'chatcmpl-b', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
      choices: [{ index: 0, delta, finish_reason }],
    })}\n\n`,
  ) as Uint8Array<ArrayBuffer>

const TOKEN = chunkOf({ content: 'word ' }, null)
const LAST = [chunkOf({}, 'stop'), encoder.encode('data: [DONE]\n\n') as Uint8Array<ArrayBuffer>]

function stream(count: number): Fetched {
  let sent = 0
  const next = () => {
    sent++
    return sent <= count ? TOKEN.slice() : LAST[sent - count - 1]
  }
  const reader: PacketReader = {
    async read() {
      const value = next()
      return value === undefined ? { done: true } : { done: false, value }
    },
    async forEachPacket(take) {
      for (let packet = next(); packet; packet = next()) await take(packet)
    },
    async cancel() {},
  }
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  return { status: 200, ok: true, headers, body: { getReader: () => reader, async cancel() {} } }
}

/** Reads a whole answer; resolves with the milliseconds until its first part came. */
async function read({ fetch }: Handler, tokens: number): Promise<number> {
  const messages = [{ role: 'user', content: 'Hello' }]
  const request = new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, max_tokens: tokens, messages }),
  })
  const start = performance.now()
  const response = await fetch(request)
  const reader = response.body?.getReader()
  let first: number | undefined
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    first ??= performance.now() - start
  if (response.status !== 200 || first === undefined)
    throw new Error(`expected a stream, got status ${response.status}`)
  return first
}

async function cpuOf(handler: Handler, tokens: number): Promise<number> {
  const before = process.cpuUsage()
  await read(handler, tokens)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / tokens
}

type Side = 'on' | 'off' | 'control'
const SIDES: readonly Side[] = ['on', 'off', 'control']

/** What all three cost, in one round after another. */
async function inTurns(rounds: number, measure: (side: Side) => Promise<number>) {
  const costs: Record<Side, number[]> = { on: [], off: [], control: [] }
  for (let round = -10; round < rounds; round++) {
    // In another order each time, so that none always follows the same one.
    const at = Math.abs(round) % SIDES.length
    for (const side of [...SIDES.slice(at), ...SIDES.slice(0, at)]) {
      const cost = await measure(side)
      if (round >= 0) costs[side].push(cost)
    }
  }
  return costs
}

/** Nanoseconds of processor time for each token; the client's part is in them too. */
export async function costPerToken({ tokens, ...handlers }: Contest, rounds: number) {
  const costs = await inTurns(rounds, (side) => cpuOf(handlers[side], tokens))
  const ratios = (of: number[]) => of.map((cost, index) => cost / (costs.off[index] as number))
  return {
    on: median(costs.on),
    off: median(costs.off),
    ratio: medianInterval(ratios(costs.on)),
    control: medianInterval(ratios(costs.control)),
  }
}

/** Requests of one round. */
const REQUESTS = 20

/** Microseconds from a request to the first part of its answer. */
export async function costOfFirstToken(handlers: Contest, rounds: number) {
  const costs = await inTurns(rounds, async (side) => {
    const times: number[] = []
    for (let index = 0; index < REQUESTS; index++)
      times.push((await read(handlers[side], 1)) * 1000)
    return median(times)
  })
  const differences = (of: number[]) => of.map((cost, index) => cost - (costs.off[index] as number))
  return {
    on: median(costs.on),
    off: median(costs.off),
    difference: medianInterval(differences(costs.on)),
    control: medianInterval(differences(costs.control)),
  }
}

/** Nanoseconds that the metrics add to a token, without all else that a token costs. */
export function costOfObservation(): number {
  const registry = new Registry()
  const labels = new KnownLabels({ keys: [], upstream: [] }, { isServed: () => true })
  const timelineOf = (isMeasured: boolean) => {
    const timeline = new Timeline()
    const observer = new ExchangeMetrics(registry, labels, { startedAt: 0 }, timeline)
    if (isMeasured) timeline.observers = [observer]
    timeline.attempt('gpu', 'm')
    timeline.begin(1)
    return timeline
  }
  const timelines = [timelineOf(true), timelineOf(false)] as const
  const added: number[] = []
  for (let round = 0; round < 40; round++) {
    const [on, off] = timelines.map(nanosecondsOfToken)
    if (round >= 10) added.push((on ?? 0) - (off ?? 0))
  }
  return median(added)
}

/** Milliseconds between tokens, of a usual model. */
const GAP = 12.3

function nanosecondsOfToken(timeline: Timeline): number {
  const count = 300_000
  let now = timeline.lastTokenAt
  const before = process.cpuUsage()
  for (let index = 0; index < count; index++) {
    now += GAP
    timeline.token(now)
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}

/** Bytes that are allocated for each token, by sampling the heap, what was collected meanwhile included. */
export async function bytesPerToken({ on, off }: Contest) {
  // A sample is taken every few kilobytes: only long streams tell a few bytes for each token.
  const tokens = 20_000
  const samples = { on: [] as number[], off: [] as number[] }
  for (let round = 0; round < 5; round++) {
    samples.off.push((await allocatedBy(() => read(off, tokens))) / tokens)
    samples.on.push((await allocatedBy(() => read(on, tokens))) / tokens)
  }
  return { on: median(samples.on), off: median(samples.off) }
}

interface Node {
  selfSize: number
  children: Node[]
}

async function allocatedBy(act: () => Promise<unknown>): Promise<number> {
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 4_096,
    ...{ includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true },
  } as object)
  await act()
  const { profile } = await session.post('HeapProfiler.stopSampling')
  session.disconnect()
  const sizeOf = ({ selfSize, children }: Node): number =>
    children.reduce((sum, child) => sum + sizeOf(child), selfSize)
  return sizeOf(profile.head as Node)
}

/** Milliseconds to write the metrics with at least so many series. */
export async function timeOfMetrics(atLeast: number) {
  const registry = new Registry()
  const none: Gauges = NO_GAUGES
  const write = () => writeMetrics(registry, none, metricsType(null))
  const countSeries = () =>
    write()
      .split('\n')
      .filter((line) => /^\w/.test(line)).length
  for (let index = 0; countSeries() < atLeast; index++) {
    const [model, key] = [`model-${index}`, `key-${index}`]
    registry.count('sluice_requests_total', ['/v1/chat/completions', model, 'gpu', key, 'finished'])
    registry.count('sluice_tokens_total', ['input', model, 'gpu', key], 1_000)
    registry.histogram('sluice_token_gap_seconds', [model, 'gpu']).observe(0.02)
    registry.histogram('sluice_time_to_first_token_seconds', [model, 'gpu']).observe(0.4)
  }
  const times: number[] = []
  for (let index = 0; index < 220; index++) {
    const start = performance.now()
    write()
    if (index >= 20) times.push(performance.now() - start)
  }
  return {
    series: countSeries(),
    bytes: write().length,
    ms: median(times),
    most: Math.max(...times),
  }
}

const NO_GAUGES: Gauges = {
  ...{ sluice_requests_running: [], sluice_queue_waiting: [], sluice_queue_limit: [] },
  ...{ sluice_engine_up: [], sluice_engine_running: [], sluice_engine_limit: [] },
  ...{ sluice_breaker_state: [], sluice_stored_responses: [], sluice_build_info: [] },
  ...{ sluice_state_up: [], sluice_state_instances: [], sluice_streams_running: [] },
  sluice_tabs: [],
}
