/**
 * The schemas of OpenAI's Responses API. What an upstream answers in this API itself is forwarded, and
 * may hold other items and events.
 */
import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'
import type { ResponseStatus } from './answer.ts'
import { responsesRequests } from './request-schema.ts'

const text = z.string()
const count = z.int().check(z.gte(0))
const seconds = described(z.int(), 'Unix time in seconds.')
const statuses = [
  'queued',
  'in_progress',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
] as const satisfies ResponseStatus[]
const status = z.optional(z.enum(['in_progress', 'completed', 'incomplete']))

export const LogprobSchema = z.looseObject({
  token: text,
  logprob: z.number(),
  bytes: z.array(count),
  top_logprobs: z.array(z.looseObject({ token: text, logprob: z.number() })),
})

const PartSchema = described(
  z.union([
    z.looseObject({
      type: z.literal('output_text'),
      text,
      annotations: z.array(z.looseObject({})),
      logprobs: z.optional(z.array(LogprobSchema)),
    }),
    z.looseObject({ type: z.literal('refusal'), refusal: text }),
    z.looseObject({ type: z.literal('reasoning_text'), text }),
    z.looseObject({ type: z.literal('summary_text'), text }),
    z.looseObject({
      type: z.string().check(z.regex(/^(?!(?:output_text|refusal|reasoning_text|summary_text)$)/)),
    }),
  ]),
  'One part of an item.',
)

const ItemSchema = described(
  z.union([
    z.looseObject({
      type: z.literal('message'),
      id: text,
      role: text,
      status,
      content: z.array(PartSchema),
    }),
    z.looseObject({
      type: z.literal('function_call'),
      id: text,
      status,
      call_id: described(text, 'The item with the output refers to the call by it.'),
      name: text,
      namespace: described(z.optional(text), 'The namespace that the tool was declared in.'),
      arguments: described(text, 'JSON text, as the model wrote it.'),
    }),
    z.looseObject({
      type: z.literal('custom_tool_call'),
      id: text,
      status,
      call_id: text,
      name: text,
      namespace: z.optional(text),
      input: text,
    }),
    z.looseObject({
      type: z.literal('reasoning'),
      id: text,
      status,
      summary: z.array(PartSchema),
      content: z.nullish(z.array(PartSchema)),
      encrypted_content: described(
        z.nullish(text),
        'Carries the reasoning to the next request, where `include` asked for it.',
      ),
    }),
    z.looseObject({
      type: z.string().check(z.regex(/^(?!(?:message|function_call|custom_tool_call|reasoning)$)/)),
    }),
  ]),
  'One item of a conversation.',
)

export const ResponseUsageSchema = described(
  z.looseObject({
    input_tokens: count,
    input_tokens_details: z.looseObject({ cached_tokens: count }),
    output_tokens: count,
    output_tokens_details: z.looseObject({ reasoning_tokens: count }),
    total_tokens: count,
  }),
  'Token counts, as the engine reported them.',
)

export const ResponseSchema = described(
  z.looseObject({
    id: text,
    object: z.literal('response'),
    created_at: seconds,
    completed_at: z.nullish(seconds),
    status: z.enum(statuses),
    background: z.nullish(z.boolean()),
    error: z.nullable(z.looseObject({ code: text, message: text })),
    incomplete_details: z.nullable(
      z.looseObject({ reason: described(text, '`max_output_tokens` or `content_filter`.') }),
    ),
    model: described(text, 'The model, by the name that its server uses.'),
    output: z.array(ItemSchema),
    usage: z.nullish(ResponseUsageSchema),
    previous_response_id: z.nullish(text),
    store: z.nullish(z.boolean()),
    metadata: z.nullish(z.looseObject({})),
  }),
  'The settings of the request, and the answer as far as it has come.',
)

const number = { sequence_number: described(count, 'One more with each event, from 0.') }
const item = { output_index: described(count, 'The item, counted from 0.') }
const place = {
  ...item,
  item_id: text,
  content_index: described(z.optional(count), 'The part in the item’s `content`, counted from 0.'),
  summary_index: described(z.optional(count), 'The part in the item’s `summary`, counted from 0.'),
}

/** Events with such a name. */
function event<Shape extends z.core.$ZodShape>(type: RegExp, fields: Shape) {
  return z.looseObject({ type: z.string().check(z.regex(type)), ...number, ...fields })
}

export const responseEventSchemas = {
  state: event(/^response\.(created|queued|in_progress|completed|incomplete|failed)$/, {
    response: ResponseSchema,
  }),
  item: event(/^response\.output_item\.(added|done)$/, { ...item, item: ItemSchema }),
  part: event(/_part\.(added|done)$/, { ...place, part: PartSchema }),
  delta: event(/\.delta$/, {
    ...place,
    delta: described(text, 'The next piece.'),
    logprobs: z.optional(z.array(LogprobSchema)),
  }),
  done: event(/(text|refusal|arguments|input)\.done$/, {
    ...place,
    text: described(z.optional(text), 'The whole text.'),
    refusal: z.optional(text),
    name: z.optional(text),
    arguments: z.optional(text),
    input: z.optional(text),
  }),
  error: event(/^error$/, { code: text, message: text, param: z.nullable(text) }),
}

export const responsesSchemas = {
  requests: responsesRequests,
  answers: {
    Response: ResponseSchema,
    ResponseItem: ItemSchema,
    ResponsePart: PartSchema,
    ResponseLogprob: LogprobSchema,
    ResponseUsage: ResponseUsageSchema,
    ResponseStateEvent: responseEventSchemas.state,
    ResponseItemEvent: responseEventSchemas.item,
    ResponsePartEvent: responseEventSchemas.part,
    ResponseDeltaEvent: responseEventSchemas.delta,
    ResponseDoneEvent: responseEventSchemas.done,
    ResponseErrorEvent: responseEventSchemas.error,
    ResponseItems: z.looseObject({
      object: z.literal('list'),
      data: z.array(z.looseObject({ type: text, id: text })),
      first_id: z.nullable(text),
      last_id: z.nullable(text),
      has_more: z.boolean(),
    }),
    ResponseTokens: z.looseObject({
      object: z.literal('response.input_tokens'),
      input_tokens: count,
    }),
    CompactedResponse: z.looseObject({
      id: text,
      object: z.literal('response.compaction'),
      created_at: seconds,
      output: described(
        z.array(ItemSchema),
        'The input of later requests: the messages of the user, and a `compaction` item.',
      ),
      usage: z.nullish(ResponseUsageSchema),
    }),
    ResponseDeleted: z.looseObject({
      id: text,
      object: z.literal('response'),
      deleted: z.literal(true),
    }),
  },
} satisfies ApiSchemas
