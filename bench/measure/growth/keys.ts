import { growth } from '../../growth.ts'
import { median } from '../../stats.ts'
import {
  ADMIN,
  type Asked,
  type Context,
  cpuTime,
  type Handler,
  hashOf,
  meanCost,
  SHORT,
  upstream,
} from './process.ts'
import { measureSizes, times } from './sizes.ts'

const SIZES = growth.keys.rows.first.sizes

export async function measureKeys(context: Context): Promise<void> {
  const { createHandler, scale, record } = context
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
  const ask = (size: (typeof SIZES)[number], asked: Asked, count: number) =>
    meanCost(handlers.get(size) as Handler, asked, count)
  await measureSizes(context, SIZES, ['first', 'whole'], { rounds: 25 }, (size) =>
    ask(size, { body: SHORT }, 20),
  )
  const admins = { path: '/v1/usage', headers: { authorization: `Bearer ${ROOT}` } }
  await measureSizes(context, SIZES, ['usages'], { rounds: 9 }, async (size) =>
    (await ask(size, admins, 3)).slice(1),
  )
  await measureSizes(context, SIZES, ['usage'], { rounds: 15 }, async (size) =>
    (await ask(size, { path: '/v1/usage' }, 20)).slice(1),
  )
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
