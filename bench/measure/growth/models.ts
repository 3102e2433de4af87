import { growth } from '../../growth.ts'
import {
  type Asked,
  adminsHandler,
  type Context,
  costOf,
  cpuTime,
  type Handler,
  meanCost,
  SHORT,
} from './process.ts'
import { mean, measureSizes } from './sizes.ts'

const SIZES = growth.models.rows.first.sizes

/** A list as llama-server's router writes it. */
function listOf(size: number): string {
  const data = Array.from({ length: size }, (_, at) => ({
    ...{ id: `org/model-${at}-instruct-q4`, object: 'model', created: 1_790_000_000 },
    ...{ owned_by: 'llamacpp', aliases: [`model-${at}`], status: { value: 'loaded' } },
    meta: { n_ctx_train: 131_072, n_params: 8_000_000_000, size: 4_900_000_000 },
  }))
  return JSON.stringify({ object: 'list', data })
}

export async function measureModels(context: Context): Promise<void> {
  const handlers = new Map<number, Handler>()
  for (const size of SIZES) {
    const lists = new Map([['http://127.0.0.1:1', listOf(size)]])
    const handler = await adminsHandler(context.createHandler, { lists })
    await handler.refresh()
    handlers.set(size, handler)
  }
  const named: Record<string, (size: number) => string> = {
    first: (size) => `org/model-${size - 1}-instruct-q4`,
    other: (size) => `model-${size - 1}`,
    unlisted: () => 'some/other-model',
  }
  for (const [row, nameOf] of Object.entries(named)) {
    await measureSizes(context, SIZES, [row], { rounds: 25 }, (size) =>
      meanCost(handlers.get(size) as Handler, { body: { ...SHORT, model: nameOf(size) } }, 20),
    )
  }
  const read = (row: string, asked: (size: number) => Asked) =>
    eachModel(context, row, async (size) => {
      const { whole } = await costOf(handlers.get(size) as Handler, asked(size))
      return whole
    })
  await read('list', () => ({ path: '/v1/models' }))
  await read('find', (size) => ({ path: `/v1/models/${encodeURIComponent(`model-${size - 1}`)}` }))
  await read('health', () => ({ path: '/health' }))
  await eachModel(context, 'refresh', async (size) => {
    const start = cpuTime()
    await handlers.get(size)?.refresh()
    return cpuTime() - start
  })
}

/** As a list holds all models, its cost is told for each one; small ones are repeated to be as long. */
async function eachModel(
  context: Context,
  row: string,
  measure: (size: number) => Promise<number>,
): Promise<void> {
  const most = Math.max(...SIZES)
  await measureSizes(context, SIZES, [row], { rounds: 9 }, async (size) => [
    (await mean(Math.min(40, most / size), () => measure(size))) / size,
  ])
}
