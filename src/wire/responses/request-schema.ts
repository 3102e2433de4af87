/** What a request of the Responses API consists of, in words and as schemas. */
import * as z from 'zod/mini'
import { chatTexts } from '../chat/texts.ts'
import { type DescribedRequest, PASSED_ON } from '../validation/describe.ts'
import { itemSchema, itemTypes } from './items.ts'
import { ResponsesRequestSchema, responsesFields } from './request.ts'

/** An item is checked by its type; one that has a role and no type is a message. */
const ItemSchema = z.union([
  ...itemTypes.map((type) => {
    const { shape } = itemSchema({ type }) as unknown as { shape: Record<string, z.ZodMiniType> }
    const isOptional = type === 'message' || type === 'item_reference'
    const literal = z.literal(type)
    return z.looseObject({ type: isOptional ? z.nullish(literal) : literal, ...shape })
  }),
  z.looseObject({
    type: z.string().check(z.regex(new RegExp(`^(?!(?:${itemTypes.join('|')})$)`))),
  }),
])

const fields = {
  input: 'A text, or items, oldest first. Optional only where `previous_response_id` is given.',
  model: chatTexts.model,
  instructions: 'The system prompt of this request alone.',
  previous_response_id:
    'A stored response that the conversation continues: its input and output come first.',
  tools:
    'The tools that the model may call: functions. Others are refused, unless the request is forwarded.',
  tool_choice: chatTexts.tool_choice,
  parallel_tool_calls: chatTexts.parallel_tool_calls,
  max_tool_calls: 'Repeated in the response; sluice runs no tools.',
  text: '`format`: text, any JSON, or JSON of a schema. `verbosity` is passed on.',
  reasoning:
    '`effort`: how long the model thinks. With `summary` its reasoning is returned as the summary.',
  max_output_tokens: 'The largest number of tokens in the answer; reasoning tokens count.',
  temperature: chatTexts.temperature,
  top_p: chatTexts.top_p,
  top_logprobs: 'The number of alternative tokens returned with each token’s log probability.',
  include:
    'What is returned besides: `message.output_text.logprobs`, and `reasoning.encrypted_content` for clients that keep the conversation themselves. Other values are for engines that know them.',
  store: 'Whether the response is stored, so that later requests can refer to it. True by default.',
  background: 'Whether the response goes on without a connection; it must be stored.',
  stream: chatTexts.stream,
  stream_options: '`include_obfuscation` is passed on.',
  truncation:
    'Whether input that is too long may be dropped. sluice drops nothing; an engine that serves this API itself may.',
  metadata: 'Texts by name, repeated in the response.',
  service_tier: 'Passed on.',
  user: 'Passed on.',
  safety_identifier: 'Passed on.',
  prompt_cache_key: 'Passed on.',
  prompt_cache_retention: 'Passed on.',
} satisfies Record<keyof typeof responsesFields, string>

/** The fields that say what the model reads. */
const read = pick('input', 'model', 'instructions', 'previous_response_id', 'tools', 'tool_choice')
const counted = { ...read, ...pick('parallel_tool_calls', 'text', 'reasoning', 'truncation') }
const compacted = {
  ...read,
  ...pick('parallel_tool_calls', 'reasoning', 'service_tier'),
  ...pick('prompt_cache_key', 'prompt_cache_retention'),
}

function pick(...names: (keyof typeof responsesFields)[]): Fields {
  return Object.fromEntries(names.map((name) => [name, responsesFields[name]]))
}

/** A request of which only some fields have a meaning. */
function partial(picked: Fields): DescribedRequest {
  const texts = Object.keys(picked).map((name) => [name, fields[name as keyof typeof fields]])
  return {
    schema: z.looseObject(picked),
    description: PASSED_ON,
    fields: Object.fromEntries(texts),
    checked,
  }
}

type Fields = Record<string, z.ZodMiniType>

const checked = { input: z.nullish(z.union([z.string(), z.array(ItemSchema)])) }

export const responsesRequests = {
  ResponsesRequest: {
    schema: ResponsesRequestSchema,
    description: PASSED_ON,
    fields,
    checked,
  },
  InputTokensRequest: partial(counted),
  CompactRequest: partial(compacted),
  ResponseInputItem: {
    schema: ItemSchema,
    description:
      'One item of a conversation. A reference stands for a stored item; items of other types are for engines that know them.',
    fields: {},
  },
} satisfies Record<string, DescribedRequest>
