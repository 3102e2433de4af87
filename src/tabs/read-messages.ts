/** Reads what a tab sends: it may be anything. */
import * as z from 'zod/mini'
import type { ReplyMessage } from '../engines/remote/protocol.ts'
import { quoted } from '../util/safe/quoted.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { type Batch, type Hello, LINK_VERSION, type Tell } from './protocol.ts'

/** The most models that a tab may offer, and messages that it may send at once. */
const MOST_MODELS = 256
const MOST_MESSAGES = 1_024

const count = z.number().check(z.int(), z.nonnegative())
const shortText = z.string().check(z.maxLength(256))
const longText = z.string().check(z.maxLength(4_096))

const model = z.object({
  id: z.string().check(z.minLength(1), z.maxLength(256)),
  state: z.enum(['loaded', 'cached', 'available']),
  context_length: z.optional(count),
})

const stateShape = {
  models: z.array(model).check(z.maxLength(MOST_MODELS)),
  gpu: z.optional(shortText),
  visible: z.boolean(),
  charging: z.optional(z.boolean()),
  paused: z.boolean(),
  tokensPerSecond: z.optional(z.number().check(z.nonnegative())),
}

const hello = z.object({
  v: z.literal(LINK_VERSION),
  ...stateShape,
  resume: z.optional(z.object({ tab: shortText, seq: count })),
})

const usage = z.looseObject({})
const chunk = z.looseObject({})
const wireError = z.object({
  status: count,
  message: longText,
  type: shortText,
  code: z.nullable(shortText),
  param: z.nullable(shortText),
})

/** Without `here`, which names a lock of the tab's own browser, and `models`: a tab says those in its state. */
const reply = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('embedded'),
    id: count,
    json: z.string(),
    model: z.optional(shortText),
    usage: z.optional(usage),
  }),
  z.object({
    kind: z.literal('progress'),
    id: count,
    progress: z.object({ model: shortText, done: z.number(), text: longText }),
  }),
  z.object({ kind: z.literal('begun'), id: count }),
  z.object({ kind: z.literal('chunks'), id: count, chunks: z.array(chunk) }),
  z.object({ kind: z.literal('done'), id: count }),
  z.object({ kind: z.literal('error'), id: count, error: wireError }),
  z.object({ kind: z.literal('pong') }),
])

const tell = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tell'), message: reply }),
  z.object({ kind: z.literal('state'), state: z.object(stateShape) }),
  z.object({ kind: z.literal('leaving') }),
])

const batch = z.object({
  seq: count,
  ack: count,
  messages: z.array(tell).check(z.maxLength(MOST_MESSAGES)),
})

/** Throws an `ApiError` (400) where a tab does not say hello. */
export function readHello(body: unknown): Hello {
  const version = (body as { v?: unknown } | null)?.v
  if (version !== LINK_VERSION) {
    throw badRequest(
      `v: expected ${LINK_VERSION}, the version of the link that this server speaks, got ${quoted(String(version))}; reload the page.`,
      'v',
    )
  }
  return read(hello, body, 'hello') as Hello
}

/** Throws an `ApiError` (400) for anything that is not a batch of messages. */
export function readBatch(body: unknown): Batch {
  const { messages, ...rest } = read(batch, body, 'batch') as unknown as Batch
  return { ...rest, messages: messages.map(withHeaders) }
}

/** A tab's error names no headers of a response. */
function withHeaders(message: Tell): Tell {
  if (message.kind !== 'tell' || message.message.kind !== 'error') return message
  const { error, ...rest } = message.message
  const packed: ReplyMessage = { ...rest, error: { ...error, headers: {} } }
  return { kind: 'tell', message: packed }
}

function read(schema: z.ZodMiniType<unknown, unknown>, body: unknown, what: string): unknown {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.map(String).join('.') || what
  throw badRequest(
    `${path}: expected a ${what} of a tab as this version of sluice sends it, got something else; reload the page.`,
    path,
  )
}
