/** The shapes of what the Messages API answers; blocks and events of a forwarded answer may be others. */
import * as z from 'zod'
import { STOP_REASONS } from '../../src/wire/messages/answer.ts'

const text = z.string()
const count = z.int().min(0)

const UsageSchema = z
  .looseObject({
    input_tokens: count.nullish().describe('Without what was read from or written to a cache.'),
    output_tokens: count,
    cache_creation_input_tokens: count.nullish(),
    cache_read_input_tokens: count.nullish(),
    output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish(),
  })
  .describe('Tokens, as the engine counted them; 0 or null where it did not.')

const stop = {
  stop_reason: z.enum(STOP_REASONS).nullable().describe('Null until the message has ended.'),
  stop_sequence: text.nullable().describe('Which text ended it, where the engine says so.'),
  stop_details: z.looseObject({ type: text }).nullish(),
}

const BlockSchema = z
  .union([
    z.looseObject({ type: z.literal('text'), text }),
    z.looseObject({
      type: z.literal('thinking'),
      thinking: text,
      signature: text.describe('Empty where the engine signs nothing.'),
    }),
    z.looseObject({
      type: z.literal('tool_use'),
      id: text.describe('Names the call: the block with its result carries it.'),
      name: text,
      input: z.looseObject({}),
    }),
    z.looseObject({ type: z.string().regex(/^(?!(?:text|thinking|tool_use)$)/) }),
  ])
  .describe('One block of an answer.')

const MessageSchema = z.looseObject({
  id: text,
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: text.describe('The model as its server calls it.'),
  content: z.array(BlockSchema),
  ...stop,
  usage: UsageSchema,
})

const DeltaSchema = z
  .union([
    z.looseObject({ type: z.literal('text_delta'), text }),
    z.looseObject({ type: z.literal('thinking_delta'), thinking: text }),
    z.looseObject({ type: z.literal('signature_delta'), signature: text }),
    z.looseObject({
      type: z.literal('input_json_delta'),
      partial_json: text.describe('The next piece of the call’s input, as JSON text.'),
    }),
    z.looseObject({
      type: z
        .string()
        .regex(/^(?!(?:text_delta|thinking_delta|signature_delta|input_json_delta)$)/),
    }),
  ])
  .describe('What is new.')

const index = count.describe('Of the block.')

const InfoSchema = z.looseObject({
  type: z.literal('model'),
  id: text,
  display_name: text,
  created_at: text.describe('RFC 3339; the epoch where it is not known.'),
  max_input_tokens: count.nullish(),
})

/** By the names that they have in the document. */
export const messagesAnswers = {
  Message: MessageSchema,
  MessageBlock: BlockSchema,
  MessageUsage: UsageSchema,
  MessageStart: z.looseObject({ type: z.literal('message_start'), message: MessageSchema }),
  MessageBlockStart: z.looseObject({
    type: z.literal('content_block_start'),
    index,
    content_block: BlockSchema,
  }),
  MessageBlockDelta: z.looseObject({
    type: z.literal('content_block_delta'),
    index,
    delta: DeltaSchema,
  }),
  MessageBlockStop: z.looseObject({ type: z.literal('content_block_stop'), index }),
  MessageDelta: z.looseObject({
    type: z.literal('message_delta'),
    delta: z.looseObject(stop),
    usage: UsageSchema,
  }),
  MessageStop: z.looseObject({ type: z.literal('message_stop') }),
  MessagePing: z.looseObject({ type: z.literal('ping') }),
  MessageTokens: z.looseObject({ input_tokens: count }),
  ModelInfo: InfoSchema,
  ModelPage: z.looseObject({
    data: z.array(InfoSchema),
    has_more: z.boolean(),
    first_id: text.nullable(),
    last_id: text.nullable(),
  }),
  MessagesError: z
    .looseObject({
      type: z.literal('error'),
      error: z.looseObject({
        type: text.describe('`invalid_request_error`, `overloaded_error`, `api_error`, …'),
        message: text.describe('What happened, where, and what to do.'),
        details: z
          .looseObject({ error_code: text.describe('A stable word for programs.') })
          .optional(),
      }),
      request_id: text,
    })
    .describe('A refusal, or a failure, in the shape of Anthropic’s API.'),
}
