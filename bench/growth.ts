/** What is measured at several sizes, and how its cost grows with them. */
import type { Candidate } from './candidate.ts'
import type { Samples } from './samples.ts'
import { median } from './stats.ts'
import { number, table } from './table.ts'

/** One cost at several sizes. */
export interface GrowthRow {
  title: string
  sizes: readonly number[]
}

/** One thing that grows, and its costs. */
export interface GrowthTopic {
  title: string
  note: string
  rows: Record<string, GrowthRow>
}

const keys = [10, 100, 1_000, 10_000] as const
const models = [10, 100, 1_000, 5_000] as const
const upstreams = [1, 10, 100] as const
const waiting = [0, 100, 1_000, 10_000] as const
const stored = [0, 512, 4_096] as const
const messages = [10, 200, 2_000] as const
const tokens = [1_000, 10_000, 100_000] as const
const readers = [0, 1, 20] as const
const streams = [20, 100, 1_000, 10_000] as const

/** By the names of their figures: `growth.keys.first@10` is the first cost of keys with ten of them. */
export const growth = {
  keys: {
    title: 'API keys',
    note: 'A client asks with the key that was configured last. An administrator sees what 500 keys have used.',
    rows: {
      first: { title: 'to the first token, µs', sizes: keys },
      whole: { title: 'a short stream, µs', sizes: keys },
      start: { title: 'making the handler, µs for each key', sizes: keys },
      usage: { title: '`GET /v1/usage` of an ordinary key, µs', sizes: keys },
      usages: { title: '`GET /v1/usage` of an administrator, µs', sizes: keys },
    },
  },
  models: {
    title: 'Models of an upstream',
    note: 'The client asks for the model that is listed last, by its name, by another name that its server lists for it, and by one that is not listed.',
    rows: {
      first: { title: 'to the first token, µs', sizes: models },
      other: { title: 'by another name, µs', sizes: models },
      unlisted: { title: 'by a name that is not listed, µs', sizes: models },
      list: { title: '`GET /v1/models`, µs for each model', sizes: models },
      find: { title: '`GET /v1/models/{id}`, µs for each model', sizes: models },
      health: { title: '`GET /health` of a key, µs for each model', sizes: models },
      refresh: { title: 'reading the list, µs for each model', sizes: models },
    },
  },
  upstreams: {
    title: 'Upstreams',
    note: 'All have the same model, or each has one of its own.',
    rows: {
      first: { title: 'one model, to the first token, µs', sizes: upstreams },
      own: { title: 'own models, to the first token, µs', sizes: upstreams },
      list: { title: '`GET /v1/models`, µs for each upstream', sizes: upstreams },
      health: { title: '`GET /health`, µs for each upstream', sizes: upstreams },
      refresh: { title: 'reading the lists, µs for each upstream', sizes: upstreams },
      start: { title: 'making the handler, µs for each upstream', sizes: upstreams },
    },
  },
  waiting: {
    title: 'Requests that wait for a busy upstream',
    note: 'A client asks another upstream, which is free.',
    rows: {
      first: { title: 'to the first token, µs', sizes: waiting },
      whole: { title: 'a short stream, µs', sizes: waiting },
    },
  },
  stored: {
    title: 'Stored responses',
    note: 'Short responses of one owner, of which one more is stored.',
    rows: {
      whole: { title: 'a response, µs', sizes: stored },
      next: { title: 'one that continues another, µs', sizes: stored },
      retrieve: { title: '`GET /v1/responses/{id}`, µs', sizes: stored },
    },
  },
  messages: {
    title: 'Messages of a conversation',
    note: 'Microseconds to the first token for each message, of 80 characters.',
    rows: {
      chat: { title: '`/v1/chat/completions`', sizes: messages },
      messages: { title: '`/v1/messages`', sizes: messages },
      responses: { title: '`/v1/responses`', sizes: messages },
      chain: { title: '`/v1/responses` that continues a stored one', sizes: messages },
    },
  },
  tokens: {
    title: 'Tokens of an answer',
    note: 'Nanoseconds for each token, as fast as they are read. What is held is the growth of the heap for each token by a stream that is still open.',
    rows: {
      stream: { title: 'chat stream, ns', sizes: tokens },
      whole: { title: 'chat as a whole, ns', sizes: tokens },
      messages: { title: '`/v1/messages` stream, ns', sizes: tokens },
      responses: { title: 'stored `/v1/responses` stream, ns', sizes: tokens },
      resumable: { title: 'resumable chat stream, ns', sizes: tokens },
      captured: { title: 'captured chat stream, ns', sizes: tokens },
      held: { title: 'held by a chat stream, bytes', sizes: tokens },
      heldByResponse: { title: 'held by a stored response, bytes', sizes: tokens },
      heldByResumable: { title: 'held by a resumable stream, bytes', sizes: tokens },
    },
  },
  readers: {
    title: 'Readers of the activity feed',
    note: 'Two hundred streams of 20 tokens/s in one process, with so many administrators watching.',
    rows: {
      chunk: { title: 'CPU a chunk, µs', sizes: readers },
      request: { title: 'a short stream, µs', sizes: readers },
    },
  },
  streams: {
    title: 'Open streams',
    note: 'Real processes and sockets: 20 streams of 100 tokens/s, and the others quiet, which get heartbeats; their CPU is told apart. 10,000 stands for as many as the limit of open files allows.',
    rows: {
      cpu: { title: 'CPU a chunk, µs', sizes: streams },
      first: { title: 'to the first token, p50, µs', sizes: streams },
      idle: { title: 'CPU of a quiet stream in a second, µs', sizes: streams },
      memory: { title: 'memory of a stream, KiB', sizes: streams },
    },
  },
} as const satisfies Record<string, GrowthTopic>

export type GrowthTopics = typeof growth
export type TopicName = keyof GrowthTopics

/** `growth.keys.first@10` */
export function figureName(topic: string, row: string, size: number): string {
  return `growth.${topic}.${row}@${size}`
}

/** The slope of the logarithm of the cost over that of the size: 1 where they grow alike, 0 where it stays. */
export function exponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points
    .filter(([size, cost]) => size > 0 && cost > 0)
    .map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  const mean = (at: 0 | 1) => logs.reduce((sum, point) => sum + point[at], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const covariance = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0)
  return covariance / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
}

/** What is within this factor counts as flat: repeats of one measurement differ by as much. */
const FLAT = 1.25

/** `flat`, or the power of the size by which a cost grows, and how often the largest size costs the smallest one. */
export function growthOf(points: readonly (readonly [size: number, cost: number])[]): string {
  const known = points.filter(([, cost]) => !Number.isNaN(cost))
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || known.length < 2) return '–'
  const factor = last[1] / first[1]
  if (!Number.isFinite(factor)) return '–'
  if (factor <= FLAT) return 'flat'
  const sized = known.filter(([size]) => size > 0)
  const power = sized.length > 1 ? `n^${exponent(sized).toFixed(2)}, ` : ''
  return `${power}${number(factor)} ×`
}

/** A table for each thing that grows; empty where none was measured. */
export function growthTables(samples: Samples, shown: readonly Candidate[]): string[] {
  return (Object.entries(growth) as [string, GrowthTopic][]).flatMap(
    ([topic, { title, note, rows }]) => {
      const sizes = Object.values(rows)[0]?.sizes ?? []
      const lines = shown.flatMap(({ name }) =>
        Object.entries(rows).flatMap(([row, { title: cost }]) => {
          const costs = sizes.map((size) => median(measured(samples, name, topic, row, size)))
          if (costs.every(Number.isNaN)) return []
          const points = sizes.map((size, at) => [size, costs[at] ?? Number.NaN] as const)
          return [[`${name}: ${cost}`, ...costs.map(number), growthOf(points)]]
        }),
      )
      if (lines.length === 0) return []
      const header = ['', ...sizes.map((size) => size.toLocaleString('en')), 'growth']
      return [`### ${title}\n\n${note}\n\n${table(header, lines)}`]
    },
  )
}

function measured(samples: Samples, name: string, topic: string, row: string, size: number) {
  return samples.series(name, figureName(topic, row, size)).filter((value) => !Number.isNaN(value))
}
