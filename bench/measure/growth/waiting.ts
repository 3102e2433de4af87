import { growth } from '../../growth.ts'
import {
  ADMIN,
  type Context,
  type Handler,
  hashOf,
  meanCost,
  requestOf,
  SHORT,
  upstream,
} from './process.ts'
import { measureSizes } from './sizes.ts'

/** The cost of a request for a free upstream while so many wait for a busy one. */
export async function measureWaiting(context: Context): Promise<void> {
  const { sizes } = growth.waiting.rows.first
  const hash = await hashOf(ADMIN)
  const lists = ['busy', 'm'].map((id, at) => {
    const data = [{ id, object: 'model' }]
    return [`http://127.0.0.1:${at + 1}`, JSON.stringify({ object: 'list', data })] as const
  })
  const leaving = new AbortController()
  const handlers = new Map<number, Handler>()
  for (const size of sizes) {
    const handler = context.createHandler({
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
  await measureSizes(context, sizes, ['first', 'whole'], { rounds: 25 }, (size) =>
    meanCost(handlers.get(size) as Handler, { body: SHORT }, 20),
  )
  leaving.abort()
}
