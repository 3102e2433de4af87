/** Stored responses, and conversations of many messages. */
import { growth } from '../../growth.ts'
import {
  type Asked,
  adminsHandler,
  type Context,
  costOf,
  type Handler,
  meanCost,
  textFrom,
} from './process.ts'
import { mean, measureSizes } from './sizes.ts'

const RESPONSE = { model: 'm', input: 'Hi' }

async function respond(handler: Handler, body: object): Promise<string> {
  const text = await textFrom(handler, { path: '/v1/responses', body })
  return (JSON.parse(text) as { id: string }).id
}

export async function measureStored(context: Context): Promise<void> {
  const { sizes } = growth.stored.rows.whole
  const handlers = new Map<number, { handler: Handler; id: string }>()
  for (const size of sizes) {
    const handler = await adminsHandler(context.createHandler)
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
    await measureSizes(context, sizes, [row], { rounds: 15, warmUps: 2 }, async (size) => {
      const { handler, id } = handlers.get(size) as { handler: Handler; id: string }
      return (await meanCost(handler, asked(id), 10)).slice(1)
    })
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
  const { sizes } = growth.messages.rows.chat
  const handler = await adminsHandler(context.createHandler)
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
    await measureSizes(context, sizes, [row], { rounds: 15 }, async (size) => {
      const first = async () => (await costOf(handler, asked(size))).first
      return [(await mean(Math.ceil(100 / size), first)) / size]
    })
  }
}
