import { growth } from '../../growth.ts'
import {
  ADMIN,
  type Context,
  compare,
  type Handler,
  hashOf,
  meanCost,
  requestOf,
  SHORT,
  times,
  upstream,
} from './process.ts'

/** The cost of a request for a free upstream while so many wait for a busy one. */
export async function measureWaiting({ createHandler, scale, record }: Context): Promise<void> {
  const { sizes } = growth.waiting.rows.first
  const hash = await hashOf(ADMIN)
  const lists = ['busy', 'm'].map((id, at) => {
    const data = [{ id, object: 'model' }]
    return [`http://127.0.0.1:${at + 1}`, JSON.stringify({ object: 'list', data })] as const
  })
  const leaving = new AbortController()
  const handlers = new Map<number, Handler>()
  for (const size of sizes) {
    const handler = createHandler({
      upstream: [
        { url: 'http://127.0.0.1:1/v1', label: 'busy', maxConcurrency: 1 },
        { url: 'http://127.0.0.1:2/v1', label: 'free', maxConcurrency: 1_000 },
      ],
      queue: 100_000,
      keys: [{ name: 'root', hash, admin: true }],
      authenticate: (request) => {
        const name = request.headers.get('x-user')
        return name === null ? undefined : { name }
      },
      fetch: upstream({
        lists: new Map(lists),
        hold: (text) => text.includes('"busy"') && new Promise(() => {}),
      }) as never,
    })
    await handler.refresh()
    for (let count = 0; count < size; count++) {
      const headers = { 'x-user': `user-${count % 500}` }
      const asked = requestOf({ body: { ...SHORT, model: 'busy' }, headers })
      handler.fetch(new Request(asked, { signal: leaving.signal })).catch(() => {})
    }
    handlers.set(size, handler)
  }
  const costs = await compare(sizes, { rounds: times(25, scale) }, (size) =>
    meanCost(handlers.get(size) as Handler, { body: SHORT }, 20),
  )
  for (const size of sizes) {
    const [first = Number.NaN, whole = Number.NaN] = costs.get(size) ?? []
    record('first', size, first)
    record('whole', size, whole)
  }
  leaving.abort()
}
