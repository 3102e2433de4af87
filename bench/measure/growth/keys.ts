import { growth } from '../../growth.ts'
import { median } from '../../stats.ts'
import {
  ADMIN,
  type Context,
  compare,
  cpuTime,
  hashOf,
  meanCost,
  SHORT,
  times,
  upstream,
} from './process.ts'

const SIZES = growth.keys.rows.first.sizes

export async function measureKeys({ createHandler, scale, record }: Context): Promise<void> {
  const own = await hashOf(ADMIN)
  const root = { name: 'root', hash: await hashOf(ROOT), admin: true }
  const make = (size: number) =>
    createHandler({
      upstream: ['gpu=http://127.0.0.1:1/v1'],
      keys: [root, ...keysOf(size - 1, own)],
      fetch: upstream() as never,
    })
  const handlers = new Map(SIZES.map((size) => [size, make(size)]))
  for (const size of SIZES) {
    const costs = Array.from({ length: times(7, scale) }, () => {
      const start = cpuTime()
      make(size)
      return (cpuTime() - start) / size
    })
    record('start', size, median(costs))
  }
  const requests = await compare(SIZES, { rounds: times(25, scale) }, (size) =>
    meanCost(handlers.get(size) as never, { body: SHORT }, 20),
  )
  const admins = { path: '/v1/usage', headers: { authorization: `Bearer ${ROOT}` } }
  const usages = await compare(SIZES, { rounds: times(9, scale) }, (size) =>
    meanCost(handlers.get(size) as never, admins, 3),
  )
  const usage = await compare(SIZES, { rounds: times(15, scale) }, (size) =>
    meanCost(handlers.get(size) as never, { path: '/v1/usage' }, 20),
  )
  for (const size of SIZES) {
    const [first = Number.NaN, whole = Number.NaN] = requests.get(size) ?? []
    record('first', size, first)
    record('whole', size, whole)
    record('usages', size, usages.get(size)?.[1] ?? Number.NaN)
    record('usage', size, usage.get(size)?.[1] ?? Number.NaN)
  }
}

/** The key of an administrator; the client has an ordinary one. */
const ROOT = 'another-key'

/** So many keys with limits, of which the last one is known. */
function keysOf(size: number, own: string) {
  return Array.from({ length: size }, (_, at) => ({
    name: `student-${at}`,
    hash: at === size - 1 ? own : `sha256:${at.toString(16).padStart(64, '0')}`,
    tokensPerDay: 10_000_000,
  }))
}
