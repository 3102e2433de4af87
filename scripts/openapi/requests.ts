/** What clients send: the very schemas that check it, and what their fields mean. */
import * as z from 'zod'
import { ChatRequestSchema } from '../../src/wire/chat.ts'
import { EmbeddingRequestSchema } from '../../src/wire/embedding.ts'
import { MessageSchema } from '../../src/wire/message.ts'
import type { AnyZod, Schema } from './schema.ts'

/** One request, or a part of it that has a name. */
export interface Request {
  schema: AnyZod
  description: string
  /** What each field is for. */
  fields: Record<string, string>
  /** The JSON Schema of a field that is checked by code, which zod can't put into words. */
  checked?: Record<string, AnyZod>
}

const chatFields = {
  messages: 'The conversation so far, oldest first.',
  model: 'Who answers; without it the model of `--model`, or the first that is served.',
  stream: 'Whether the answer comes in pieces, as they are made.',
  stream_options:
    '`include_usage`: whether the stream ends with token counts. `include_obfuscation` is the engine’s.',
  max_tokens: 'The most tokens of the answer. -1 is no limit.',
  max_completion_tokens: 'The newer name of `max_tokens`; reasoning counts.',
  n: 'How many answers.',
  stop: 'Texts that end the answer; they are not part of it.',
  temperature: 'How free the choice of each token is.',
  top_p: 'Only the likeliest tokens up to this probability are chosen from.',
  frequency_penalty: 'Against what was said often.',
  presence_penalty: 'Against what was said at all.',
  logit_bias: 'Added to the chance of tokens, by their number.',
  logprobs: 'Whether each token’s log probability is told.',
  top_logprobs: 'How many rivals of each token are told besides.',
  seed: 'The same seed gives the same answer, where the engine can.',
  response_format:
    'Text, any JSON, or JSON of a schema. An engine that can’t enforce it refuses it.',
  tools: 'What the model may call.',
  tool_choice: 'Whether it may, must or must not call, and what.',
  parallel_tool_calls: 'Whether it may call several at once.',
  functions: 'The old form of `tools`.',
  function_call: 'The old form of `tool_choice`.',
  reasoning_effort:
    'How long the model thinks: OpenAI’s `none` to `max`, or the server’s own words.',
  modalities: 'Forms of the answer: `text`, `audio`.',
  audio: 'The voice and format of speech.',
  prediction: 'What the answer will mostly be, to be fast.',
  service_tier: 'Passed on.',
  store: 'Passed on; sluice stores nothing of it.',
  metadata: 'Passed on.',
  user: 'Passed on.',
  safety_identifier: 'Passed on.',
  prompt_cache_key: 'Passed on.',
  prompt_cache_options: 'Passed on.',
  prompt_cache_retention: 'Passed on.',
  moderation: 'Passed on.',
  verbosity: 'Passed on.',
  web_search_options: 'Passed on.',
}

/** By the names that they have in the document. */
export const requests: Record<string, Request> = {
  ChatRequest: {
    schema: ChatRequestSchema,
    description:
      'Every field that is named here is checked; others are the engine’s own, and are passed on.',
    fields: chatFields,
  },
  ChatMessage: {
    schema: MessageSchema,
    description: 'One message. Parts of a type that is not named here are passed on.',
    fields: {},
  },
  EmbeddingRequest: {
    schema: EmbeddingRequestSchema,
    description: 'Other fields are the engine’s own, and are passed on.',
    fields: {
      input: 'A text or several, or the tokens of one or several; none of them empty.',
      model: 'Who answers.',
      encoding_format: '`float`, which is the default, or `base64`.',
      dimensions: 'How many numbers a vector has, where the model can give fewer.',
    },
    checked: {
      input: z.union([
        z.string().min(1),
        z.array(z.string().min(1)).min(1),
        z.array(z.int().min(0)).min(1),
        z.array(z.array(z.int().min(0)).min(1)).min(1),
      ]),
    },
  },
}

/** A request's JSON Schema with the meaning of its fields. */
export function described(name: string, schema: Schema, checked: Record<string, Schema>): Schema {
  const { description, fields } = requests[name] as Request
  if (schema.properties === undefined) return { description, ...schema }
  const properties = Object.entries(schema.properties).map(([field, said]) => {
    const words = fields[field]
    if (words === undefined) throw new TypeError(`${name}.${field} has no description.`)
    return [field, { description: words, ...said, ...checked[`${name}.${field}`] }]
  })
  return { description, ...schema, properties: Object.fromEntries(properties) }
}
