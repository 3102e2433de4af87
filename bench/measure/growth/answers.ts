import { growth } from '../../growth.ts'
import {
  ADMIN,
  type Asked,
  type Context,
  compare,
  costOf,
  type Handler,
  hashOf,
  heldBytes,
  requestOf,
  times,
  upstream,
} from './process.ts'

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

/** The requests for an answer of so many tokens. */
const asked: Record<string, (tokens: number) => Asked> = {
  stream: (tokens) => ({ body: { ...CHAT, stream: true, max_tokens: tokens } }),
  whole: (tokens) => ({ body: { ...CHAT, max_tokens: tokens } }),
  messages: (tokens) => ({
    path: '/v1/messages',
    body: { ...CHAT, stream: true, max_tokens: tokens },
  }),
  responses: (tokens) => ({
    path: '/v1/responses',
    body: { model: 'm', input: 'Hi', stream: true, max_output_tokens: tokens },
  }),
  resumable: (tokens) => ({
    body: { ...CHAT, stream: true, max_tokens: tokens },
    headers: { 'x-sluice-resume': '1' },
  }),
  captured: (tokens) => ({
    body: { ...CHAT, stream: true, max_tokens: tokens },
  }),
}

export async function measureAnswers(context: Context): Promise<void> {
  const { createHandler, scale, record } = context
  const { sizes } = growth.tokens.rows.stream
  let atEnd: (() => Promise<void>) | undefined
  const hash = await hashOf(ADMIN)
  const newHandler = (capture: string) =>
    createHandler({
      upstream: ['gpu=http://127.0.0.1:1/v1'],
      keys: [{ name: 'root', hash, admin: true }],
      fetch: upstream({ beforeEnd: async () => atEnd?.() }) as never,
      capture,
    })
  const handler = newHandler('off')
  const capturing = newHandler('all')
  const used = sizes.filter((size) => size <= 100_000 * Math.max(scale, 0.1))
  for (const [row, of] of Object.entries(asked)) {
    const asker = row === 'captured' ? capturing : handler
    const costs = await compare(used, { rounds: times(5, scale), warmUps: 1 }, async (size) => {
      const count = Math.min(20, 20_000 / size)
      let sum = 0
      for (let each = 0; each < count; each++) sum += (await costOf(asker, of(size))).whole
      return [(sum * 1_000) / Math.max(1, count) / size]
    })
    for (const size of used) record(row, size, costs.get(size)?.[0] ?? Number.NaN)
  }
  const held = { held: 'stream', heldByResponse: 'responses', heldByResumable: 'resumable' }
  for (const [row, name] of Object.entries(held)) {
    for (const size of used) {
      const bytes = await heldBy(handler, asked[name]?.(size) as Asked, (wait) => {
        atEnd = wait
      })
      record(row, size, bytes / size)
    }
  }
}

/** The growth of the heap by a stream of which all but the end was read. */
async function heldBy(
  handler: Handler,
  one: Asked,
  setEnd: (wait: (() => Promise<void>) | undefined) => void,
): Promise<number> {
  const reached = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const before = heldBytes()
  setEnd(() => {
    reached.resolve()
    return end.promise
  })
  const reading = handler.fetch(requestOf(one)).then(async ({ body }) => {
    const reader = body?.getReader()
    while (!(await reader?.read())?.done) {}
  })
  await reached.promise
  setEnd(undefined)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const bytes = heldBytes() - before
  end.resolve()
  await reading
  return Math.max(0, bytes)
}
