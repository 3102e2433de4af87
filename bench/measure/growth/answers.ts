import { growth } from '../../growth.ts'
import {
  type Asked,
  adminsHandler,
  type Context,
  costOf,
  type Handler,
  heldBytes,
  requestOf,
} from './process.ts'
import { mean, measureSizes } from './sizes.ts'

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
  const beforeEnd = async () => atEnd?.()
  const handler = await adminsHandler(createHandler, { beforeEnd }, { capture: 'off' })
  const capturing = await adminsHandler(createHandler, { beforeEnd }, { capture: 'all' })
  const used = sizes.filter((size) => size <= 100_000 * Math.max(scale, 0.1))
  for (const [row, of] of Object.entries(asked)) {
    const asker = row === 'captured' ? capturing : handler
    await measureSizes(context, used, [row], { rounds: 5, warmUps: 1 }, async (size) => {
      const whole = async () => (await costOf(asker, of(size))).whole
      const count = Math.max(1, Math.min(20, Math.round(20_000 / size)))
      return [((await mean(count, whole)) * 1_000) / size]
    })
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
