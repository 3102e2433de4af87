/** Reads what a tab sends: it may be anything. */
import type * as z from 'zod/mini'
import type { ReplyMessage } from '../engines/remote/protocol.ts'
import { quoted } from '../util/safe/quoted.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { TabBatchSchema, TabHelloSchema } from '../wire/tabs/messages.ts'
import { LINK_VERSION } from '../wire/tabs/version.ts'
import type { Batch, Hello, Tell } from './protocol.ts'

/** Throws an `ApiError` (400) where a tab does not say hello. */
export function readHello(body: unknown): Hello {
  const version = (body as { v?: unknown } | null)?.v
  if (version !== LINK_VERSION) {
    throw badRequest(
      `v: expected ${LINK_VERSION}, the version of the link that this server speaks, got ${quoted(String(version))}; reload the page.`,
      'v',
    )
  }
  return read(TabHelloSchema, body, 'hello') as Hello
}

/** Throws an `ApiError` (400) for anything that is not a batch of messages. */
export function readBatch(body: unknown): Batch {
  const { messages, ...rest } = read(TabBatchSchema, body, 'batch') as unknown as Batch
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
