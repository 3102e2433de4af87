/**
 * The schemas of OpenAI's Responses API. What an upstream answers in this API itself is forwarded, and
 * may hold other items and events.
 */
import * as z from 'zod'
import type { ApiSchemas } from '../validation/describe.ts'
import type { ResponseStatus } from './answer.ts'
import { responsesRequests } from './request-schema.ts'

const text = z.string()
const count = z.int().min(0)
const seconds = z.int().describe('Unix time in seconds.')
const statuses = [
  'queued',
  'in_progress',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
] as const satisfies ResponseStatus[]
const status = z.enum(['in_progress', 'completed', 'incomplete']).optional()

export const LogprobSchema = z.looseObject({
  token: text,
  logprob: z.number(),
  bytes: z.array(count),
  top_logprobs: z.array(z.looseObject({ token: text, logprob: z.number() })),
})

const PartSchema = z
  .union([
    z.looseObject({
      type: z.literal('output_text'),
      text,
      annotations: z.array(z.looseObject({})),
      logprobs: z.array(LogprobSchema).optional(),
    }),
    z.looseObject({ type: z.literal('refusal'), refusal: text }),
    z.looseObject({ type: z.literal('reasoning_text'), text }),
    z.looseObject({ type: z.literal('summary_text'), text }),
    z.looseObject({
      type: z.string().regex(/^(?!(?:output_text|refusal|reasoning_text|summary_text)$)/),
    }),
  ])
  .describe('One part of an item.')

const ItemSchema = z
  .union([
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
      call_id: text.describe('The item with the output refers to the call by it.'),
      name: text,
      namespace: text.optional().describe('The namespace that the tool was declared in.'),
      arguments: text.describe('JSON text, as the model wrote it.'),
    }),
    z.looseObject({
      type: z.literal('custom_tool_call'),
      id: text,
      status,
      call_id: text,
      name: text,
      namespace: text.optional(),
      input: text,
    }),
    z.looseObject({
      type: z.literal('reasoning'),
      id: text,
      status,
      summary: z.array(PartSchema),
      content: z.array(PartSchema).nullish(),
      encrypted_content: text
        .nullish()
        .describe('Carries the reasoning to the next request, where `include` asked for it.'),
    }),
    z.looseObject({
      type: z.string().regex(/^(?!(?:message|function_call|custom_tool_call|reasoning)$)/),
    }),
  ])
  .describe('One item of a conversation.')

export const ResponseUsageSchema = z
  .looseObject({
    input_tokens: count,
    input_tokens_details: z.looseObject({ cached_tokens: count }),
    output_tokens: count,
    output_tokens_details: z.looseObject({ reasoning_tokens: count }),
    total_tokens: count,
  })
  .describe('Token counts, as the engine reported them.')

export const ResponseSchema = z
  .looseObject({
    id: text,
    object: z.literal('response'),
    created_at: seconds,
    completed_at: seconds.nullish(),
    status: z.enum(statuses),
    background: z.boolean().nullish(),
    error: z.looseObject({ code: text, message: text }).nullable(),
    incomplete_details: z
      .looseObject({ reason: text.describe('`max_output_tokens` or `content_filter`.') })
      .nullable(),
    model: text.describe('The model, by the name that its server uses.'),
    output: z.array(ItemSchema),
    usage: ResponseUsageSchema.nullish(),
    previous_response_id: text.nullish(),
    store: z.boolean().nullish(),
    metadata: z.looseObject({}).nullish(),
  })
  .describe('The settings of the request, and the answer as far as it has come.')

const number = { sequence_number: count.describe('One more with each event, from 0.') }
const item = { output_index: count.describe('The item, counted from 0.') }
const place = {
  ...item,
  item_id: text,
  content_index: count.optional().describe('The part in the item’s `content`, counted from 0.'),
  summary_index: count.optional().describe('The part in the item’s `summary`, counted from 0.'),
}

/** Events with such a name. */
function event<Shape extends z.ZodRawShape>(type: RegExp, fields: Shape) {
  return z.looseObject({ type: z.string().regex(type), ...number, ...fields })
}

export const responseEventSchemas = {
  state: event(/^response\.(created|queued|in_progress|completed|incomplete|failed)$/, {
    response: ResponseSchema,
  }),
  item: event(/^response\.output_item\.(added|done)$/, { ...item, item: ItemSchema }),
  part: event(/_part\.(added|done)$/, { ...place, part: PartSchema }),
  delta: event(/\.delta$/, {
    ...place,
    delta: text.describe('The next piece.'),
    logprobs: z.array(LogprobSchema).optional(),
  }),
  done: event(/(text|refusal|arguments|input)\.done$/, {
    ...place,
    text: text.optional().describe('The whole text.'),
    refusal: text.optional(),
    name: text.optional(),
    arguments: text.optional(),
    input: text.optional(),
  }),
  error: event(/^error$/, { code: text, message: text, param: text.nullable() }),
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
      first_id: text.nullable(),
      last_id: text.nullable(),
      has_more: z.boolean(),
    }),
    ResponseDeleted: z.looseObject({
      id: text,
      object: z.literal('response'),
      deleted: z.literal(true),
    }),
  },
} satisfies ApiSchemas
