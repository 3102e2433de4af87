/** The shapes of what the Responses API answers; items and events of a forwarded answer may be others. */
import * as z from 'zod'

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
] as const
const status = z.enum(['in_progress', 'completed', 'incomplete']).optional()

const LogprobSchema = z.looseObject({
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
      call_id: text.describe('Names the call: the item with its output carries it.'),
      name: text,
      namespace: text.optional().describe('Where the tool was declared in one.'),
      arguments: text.describe('JSON, as the model wrote it.'),
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
        .describe('Carries the thoughts to the next request, where `include` asked for it.'),
    }),
    z.looseObject({
      type: z.string().regex(/^(?!(?:message|function_call|custom_tool_call|reasoning)$)/),
    }),
  ])
  .describe('One item of a conversation.')

const UsageSchema = z
  .looseObject({
    input_tokens: count,
    input_tokens_details: z.looseObject({ cached_tokens: count }),
    output_tokens: count,
    output_tokens_details: z.looseObject({ reasoning_tokens: count }),
    total_tokens: count,
  })
  .describe('Tokens, as the engine counted them.')

const ResponseSchema = z
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
    model: text.describe('The model as its server calls it.'),
    output: z.array(ItemSchema),
    usage: UsageSchema.nullish(),
    previous_response_id: text.nullish(),
    store: z.boolean().nullish(),
    metadata: z.looseObject({}).nullish(),
  })
  .describe('What was asked, and as much of the answer as there is.')

const number = { sequence_number: count.describe('One more with each event, from 0.') }
const item = { output_index: count.describe('Of the item.') }
const place = {
  ...item,
  item_id: text,
  content_index: count.optional().describe('Of the part in the item’s `content`.'),
  summary_index: count.optional().describe('Of the part in the item’s `summary`.'),
}

/** An event whose name ends so. */
function event(type: RegExp, fields: z.ZodRawShape) {
  return z.looseObject({ type: z.string().regex(type), ...number, ...fields })
}

/** By the names that they have in the document. */
export const responsesAnswers = {
  Response: ResponseSchema,
  ResponseItem: ItemSchema,
  ResponsePart: PartSchema,
  ResponseLogprob: LogprobSchema,
  ResponseUsage: UsageSchema,
  ResponseStateEvent: event(
    /^response\.(created|queued|in_progress|completed|incomplete|failed)$/,
    { response: ResponseSchema },
  ),
  ResponseItemEvent: event(/^response\.output_item\.(added|done)$/, { ...item, item: ItemSchema }),
  ResponsePartEvent: event(/_part\.(added|done)$/, { ...place, part: PartSchema }),
  ResponseDeltaEvent: event(/\.delta$/, {
    ...place,
    delta: text.describe('The next piece.'),
    logprobs: z.array(LogprobSchema).optional(),
  }),
  ResponseDoneEvent: event(/(text|refusal|arguments|input)\.done$/, {
    ...place,
    text: text.optional().describe('All of it.'),
    refusal: text.optional(),
    name: text.optional(),
    arguments: text.optional(),
    input: text.optional(),
  }),
  ResponseErrorEvent: event(/^error$/, {
    code: text,
    message: text,
    param: text.nullable(),
  }),
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
}
