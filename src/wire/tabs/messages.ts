/** What a tab sends, which may be anything. */
import * as z from 'zod/mini'
import { isModelName } from '../../util/safe/model-name.ts'
import { LINK_VERSION } from './version.ts'

/** The most models that a tab may offer, and messages that it may send at once. */
const MOST_MODELS = 256
const MOST_MESSAGES = 1_024

export const count = z.number().check(z.int(), z.nonnegative())
/** A name that may be shown: without control characters, and such as reverse or hide text. */
const name = z.string().check(
  z.minLength(1),
  z.maxLength(256),
  z.refine((text) => isModelName(text)),
)
const shortText = z.string().check(z.maxLength(256))
const longText = z.string().check(z.maxLength(4_096))

const model = z.object({
  id: name,
  state: z.enum(['loaded', 'cached', 'available']),
  context_length: z.optional(count),
})

export const stateShape = {
  models: z.array(model).check(z.maxLength(MOST_MODELS)),
  gpu: z.optional(name),
  visible: z.boolean(),
  charging: z.optional(z.boolean()),
  paused: z.boolean(),
  tokensPerSecond: z.optional(z.number().check(z.nonnegative())),
}

export const TabHelloSchema = z.object({
  v: z.literal(LINK_VERSION),
  ...stateShape,
  resume: z.optional(z.object({ tab: shortText, seq: count })),
  replaces: z.optional(shortText),
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

export const TabBatchSchema = z.object({
  seq: count,
  ack: count,
  messages: z.array(tell).check(z.maxLength(MOST_MESSAGES)),
})
