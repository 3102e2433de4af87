/** Stored responses, and conversations of many messages. */
import { growth } from '../../growth.ts'
import {
  ADMIN,
  type Asked,
  type Context,
  compare,
  costOf,
  type Handler,
  hashOf,
  meanCost,
  textFrom,
  times,
  upstream,
} from './process.ts'

const RESPONSE = { model: 'm', input: 'Hi' }

async function newHandler({ createHandler }: Context): Promise<Handler> {
  return createHandler({
    upstream: ['gpu=http://127.0.0.1:1/v1'],
    keys: [{ name: 'root', hash: await hashOf(ADMIN), admin: true }],
    fetch: upstream() as never,
  })
}

async function respond(handler: Handler, body: object): Promise<string> {
  const text = await textFrom(handler, { path: '/v1/responses', body })
  return (JSON.parse(text) as { id: string }).id
}

export async function measureStored(context: Context): Promise<void> {
  const { scale, record } = context
  const { sizes } = growth.stored.rows.whole
  const handlers = new Map<number, { handler: Handler; id: string }>()
  for (const size of sizes) {
    const handler = await newHandler(context)
    let id = await respond(handler, RESPONSE)
    for (let count = 1; count < size; count++) id = await respond(handler, RESPONSE)
    handlers.set(size, { handler, id })
  }
  const rows: Record<string, (id: string) => Asked> = {
    whole: () => ({ path: '/v1/responses', body: { ...RESPONSE, stream: true } }),
    next: (id) => ({
      path: '/v1/responses',
      body: { ...RESPONSE, stream: true, previous_response_id: id },
    }),
    retrieve: (id) => ({ path: `/v1/responses/${id}` }),
  }
  for (const [row, asked] of Object.entries(rows)) {
    // What is stored meanwhile must not make a small store a large one.
    const costs = await compare(sizes, { rounds: times(15, scale), warmUps: 2 }, (size) => {
      const { handler, id } = handlers.get(size) as { handler: Handler; id: string }
      return meanCost(handler, asked(id), 10)
    })
    for (const size of sizes) record(row, size, costs.get(size)?.[1] ?? Number.NaN)
  }
}

/** 80 characters. */
const TEXT = 'The quick brown fox jumps over the lazy dog, and then it goes home to sleep ...'

function turns(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    role: at % 2 === count % 2 ? 'assistant' : 'user',
    content: `${at} ${TEXT}`,
  }))
}

export async function measureMessages(context: Context): Promise<void> {
  const { scale, record } = context
  const { sizes } = growth.messages.rows.chat
  const handler = await newHandler(context)
  const ids = new Map<number, string>()
  for (const size of sizes) {
    ids.set(size, await respond(handler, { model: 'm', input: turns(size - 2) }))
  }
  const common = { model: 'm', stream: true }
  const rows: Record<string, (size: number) => Asked> = {
    chat: (size) => ({ body: { ...common, messages: turns(size) } }),
    messages: (size) => ({
      path: '/v1/messages',
      body: { ...common, max_tokens: 1, messages: turns(size) },
    }),
    responses: (size) => ({ path: '/v1/responses', body: { ...common, input: turns(size) } }),
    chain: (size) => ({
      path: '/v1/responses',
      body: { ...common, previous_response_id: ids.get(size), input: 'On' },
    }),
  }
  for (const [row, asked] of Object.entries(rows)) {
    const costs = await compare(sizes, { rounds: times(15, scale) }, async (size) => {
      const count = Math.ceil(100 / size)
      let sum = 0
      for (let each = 0; each < count; each++) sum += (await costOf(handler, asked(size))).first
      return [sum / count / size]
    })
    for (const size of sizes) record(row, size, costs.get(size)?.[0] ?? Number.NaN)
  }
}
