import { growth } from '../../growth.ts'
import { median } from '../../stats.ts'
import {
  ADMIN,
  type Context,
  costOf,
  cpuTime,
  type Handler,
  hashOf,
  meanCost,
  SHORT,
  upstream,
} from './process.ts'
import { mean, measureSizes, times } from './sizes.ts'

const SIZES = growth.upstreams.rows.first.sizes

export async function measureUpstreams(context: Context): Promise<void> {
  const { createHandler, scale, record } = context
  const hash = await hashOf(ADMIN)
  const make = (size: number, modelOf: (at: number) => string): Handler => {
    const ports = Array.from({ length: size }, (_, at) => at + 1)
    const lists = ports.map((port) => {
      const data = [{ id: modelOf(port), object: 'model' }]
      return [`http://127.0.0.1:${port}`, JSON.stringify({ object: 'list', data })] as const
    })
    return createHandler({
      upstream: ports.map((port) => `gpu-${port}=http://127.0.0.1:${port}/v1`),
      keys: [{ name: 'root', hash, admin: true }],
      fetch: upstream({ lists: new Map(lists) }) as never,
    })
  }
  const same = new Map(SIZES.map((size) => [size, make(size, () => 'm')]))
  const own = new Map(SIZES.map((size) => [size, make(size, (port) => `m-${port}`)]))
  for (const handlers of [same, own])
    for (const handler of handlers.values()) await handler.refresh()
  const rows = [
    ['first', same, () => 'm'],
    ['own', own, (size: number) => `m-${size}`],
  ] as const
  for (const [row, handlers, nameOf] of rows) {
    await measureSizes(context, SIZES, [row], { rounds: 25 }, (size) =>
      meanCost(handlers.get(size) as Handler, { body: { ...SHORT, model: nameOf(size) } }, 20),
    )
  }
  const each = (row: string, measure: (handler: Handler) => Promise<number>) =>
    measureSizes(context, SIZES, [row], { rounds: 9 }, async (size) => [
      (await mean(Math.max(...SIZES) / size, () => measure(own.get(size) as Handler))) / size,
    ])
  const read = async (handler: Handler, path: string) => (await costOf(handler, { path })).whole
  await each('list', (handler) => read(handler, '/v1/models'))
  await each('health', (handler) => read(handler, '/health'))
  await each('refresh', async (handler) => {
    const start = cpuTime()
    await handler.refresh()
    return cpuTime() - start
  })
  for (const size of SIZES) {
    const costs = Array.from({ length: times(15, scale) }, () => {
      const start = cpuTime()
      make(size, () => 'm')
      return (cpuTime() - start) / size
    })
    record('start', size, median(costs))
  }
}
