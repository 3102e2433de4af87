/**
 * The schemas of Anthropic's Messages API. What an upstream answers in this API itself is forwarded,
 * and may hold other blocks and events.
 */
import * as z from 'zod/mini'
import { chatTexts } from '../chat/texts.ts'
import {
  type ApiSchemas,
  type DescribedEvent,
  described,
  PASSED_ON,
} from '../validation/describe.ts'
import { STOP_REASONS } from './answer.ts'
import { BlockSchema } from './blocks.ts'
import { CountRequestSchema, MessagesRequestSchema } from './request.ts'

const text = z.string()
const count = z.int().check(z.gte(0))
const index = described(count, 'The block, counted from 0.')

export const MessageUsageSchema = described(
  z.looseObject({
    input_tokens: described(
      z.nullish(count),
      'Without the tokens read from or written to a cache.',
    ),
    output_tokens: count,
    cache_creation_input_tokens: z.nullish(count),
    cache_read_input_tokens: z.nullish(count),
    output_tokens_details: z.nullish(z.looseObject({ thinking_tokens: count })),
  }),
  'Token counts, as the engine reported them; 0 or null where it reported none.',
)

const stop = {
  stop_reason: described(z.nullable(z.enum(STOP_REASONS)), 'Null until the message ends.'),
  stop_sequence: described(
    z.nullable(text),
    'The text that ended it, where the engine reports it.',
  ),
  stop_details: z.nullish(z.looseObject({ type: text })),
}

const AnswerBlockSchema = described(
  z.union([
    z.looseObject({ type: z.literal('text'), text }),
    z.looseObject({
      type: z.literal('thinking'),
      thinking: text,
      signature: described(text, 'Empty where the engine signs nothing.'),
    }),
    z.looseObject({
      type: z.literal('tool_use'),
      id: described(text, 'The block with the result refers to the call by it.'),
      name: text,
      input: z.looseObject({}),
    }),
    z.looseObject({ type: z.string().check(z.regex(/^(?!(?:text|thinking|tool_use)$)/)) }),
  ]),
  'One block of an answer.',
)

export const MessageAnswerSchema = z.looseObject({
  id: text,
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: described(text, 'The model, by the name that its server uses.'),
  content: z.array(AnswerBlockSchema),
  ...stop,
  usage: MessageUsageSchema,
})

const DeltaSchema = described(
  z.union([
    z.looseObject({ type: z.literal('text_delta'), text }),
    z.looseObject({ type: z.literal('thinking_delta'), thinking: text }),
    z.looseObject({ type: z.literal('signature_delta'), signature: text }),
    z.looseObject({
      type: z.literal('input_json_delta'),
      partial_json: described(text, 'The next piece of the call’s input, as JSON text.'),
    }),
    z.looseObject({
      type: z
        .string()
        .check(z.regex(/^(?!(?:text_delta|thinking_delta|signature_delta|input_json_delta)$)/)),
    }),
  ]),
  'What this event adds.',
)

export const MessagesErrorSchema = described(
  z.looseObject({
    type: z.literal('error'),
    error: z.looseObject({
      type: described(text, '`invalid_request_error`, `overloaded_error`, `api_error`, …'),
      message: described(text, 'The field or component, what was expected, and what to do.'),
      details: z.optional(
        z.looseObject({ error_code: described(text, 'A stable code for programs.') }),
      ),
      doc_url: described(
        z.optional(text),
        'The address of what is said about this code; absent for codes of a model server.',
      ),
    }),
    request_id: text,
  }),
  'An error in the shape of Anthropic’s API.',
)

const events = {
  message_start: z.looseObject({
    type: z.literal('message_start'),
    message: MessageAnswerSchema,
  }),
  content_block_start: z.looseObject({
    type: z.literal('content_block_start'),
    index,
    content_block: AnswerBlockSchema,
  }),
  content_block_delta: z.looseObject({
    type: z.literal('content_block_delta'),
    index,
    delta: DeltaSchema,
  }),
  content_block_stop: z.looseObject({ type: z.literal('content_block_stop'), index }),
  message_delta: z.looseObject({
    type: z.literal('message_delta'),
    delta: z.looseObject(stop),
    usage: MessageUsageSchema,
  }),
  message_stop: z.looseObject({ type: z.literal('message_stop') }),
  ping: z.looseObject({ type: z.literal('ping') }),
  error: MessagesErrorSchema,
}

const eventTexts: Record<keyof typeof events, string> = {
  message_start: 'The message, still without content.',
  content_block_start: 'A block begins. Only one is open at a time.',
  content_block_delta: 'The next piece of the block.',
  content_block_stop: 'The block is complete.',
  message_delta: 'How the message ended, and its token counts.',
  message_stop: 'The stream finished. Nothing follows.',
  ping: 'A heartbeat, sent at any time.',
  error: 'The stream failed. Nothing follows.',
}

export const messageEvents: DescribedEvent[] = Object.entries(events).map(([event, data]) => {
  return { event, data, description: eventTexts[event as keyof typeof events] }
})

const countTexts = {
  model: chatTexts.model,
  messages: 'The conversation so far, oldest first; never empty.',
  system: 'The system prompt: a text, or text blocks.',
  tools:
    'The tools that the model may call. Tools that Anthropic’s servers run are refused, unless the request is forwarded.',
  tool_choice: 'Whether the model may, must or must not call tools, which, and how many at once.',
  thinking:
    'Whether the model thinks first, and for how many tokens, where the engine supports it.',
  output_config:
    '`effort`: how long the model thinks. `format`: the JSON Schema that the answer must obey.',
  output_format: 'The older place of `output_config.format`.',
} satisfies Record<keyof typeof CountRequestSchema.shape, string>

const requestTexts = {
  ...countTexts,
  max_tokens: 'The largest number of tokens in the answer.',
  stream: chatTexts.stream,
  stop_sequences: chatTexts.stop,
  temperature: chatTexts.temperature,
  top_p: chatTexts.top_p,
  top_k: 'Only this many of the most likely tokens are considered.',
  metadata: '`user_id` is passed on if it has at most 64 characters.',
  service_tier: 'Passed on.',
} satisfies Record<keyof typeof MessagesRequestSchema.shape, string>

export const messagesSchemas = {
  requests: {
    MessagesRequest: {
      schema: MessagesRequestSchema,
      description: PASSED_ON,
      fields: requestTexts,
    },
    CountRequest: {
      schema: CountRequestSchema,
      description: 'The prompt of a `MessagesRequest`.',
      fields: countTexts,
    },
    MessagesBlock: {
      schema: BlockSchema,
      description:
        'One block of a message. Blocks of other types are for engines that serve this API themselves.',
      fields: {},
    },
  },
  answers: {
    Message: MessageAnswerSchema,
    MessageBlock: AnswerBlockSchema,
    MessageUsage: MessageUsageSchema,
    MessageStart: events.message_start,
    MessageBlockStart: events.content_block_start,
    MessageBlockDelta: events.content_block_delta,
    MessageBlockStop: events.content_block_stop,
    MessageDelta: events.message_delta,
    MessageStop: events.message_stop,
    MessagePing: events.ping,
    MessageTokens: z.looseObject({ input_tokens: count }),
    MessagesError: MessagesErrorSchema,
  },
} satisfies ApiSchemas
