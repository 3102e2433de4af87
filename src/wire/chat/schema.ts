/** The chat API's schemas; fields that are not named here belong to the engine, and pass. */
import * as z from 'zod/mini'
import { ErrorSchema } from '../errors/schema.ts'
import {
  type ApiSchemas,
  type DescribedEvent,
  described,
  judgedRequest,
} from '../validation/describe.ts'
import type { FinishReason } from './answer.ts'
import { chatFields } from './known-fields.ts'
import { MessageSchema } from './message.ts'
import { reliedChatFields } from './request.ts'
import { chatTexts } from './texts.ts'

const text = z.string()
const count = z.int().check(z.gte(0))
const seconds = described(z.int(), 'Unix time in seconds.')

export const UsageSchema = described(
  z.looseObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.nullish(z.looseObject({ cached_tokens: z.optional(count) })),
    completion_tokens_details: z.nullish(z.looseObject({ reasoning_tokens: z.optional(count) })),
  }),
  'Token counts, as the engine reported them.',
)

const finishReasons = [
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  'function_call',
] as const satisfies FinishReason[]

export const FinishReasonSchema = described(z.enum(finishReasons), 'Why a choice ended.')

export const LogprobsSchema = z.looseObject({
  content: described(
    z.nullish(z.array(z.looseObject({}))),
    'One entry for each token of the text.',
  ),
  refusal: described(
    z.nullish(z.array(z.looseObject({}))),
    'One entry for each token of a refusal.',
  ),
})

const reasoning = {
  reasoning: described(z.nullish(text), 'The model’s reasoning, where its server uses this name.'),
  reasoning_content: described(z.nullish(text), 'The same, by its other name.'),
}

const ToolCallSchema = z.looseObject({
  id: described(text, 'The message with the result refers to the call by it.'),
  type: described(text, '`function` or `custom`.'),
  function: z.optional(
    z.looseObject({ name: text, arguments: described(text, 'JSON text, as the model wrote it.') }),
  ),
  custom: z.optional(z.looseObject({ name: text, input: text })),
})

export const ToolCallDeltaSchema = z.looseObject({
  index: described(count, 'Pieces with the same index make one call.'),
  id: described(z.nullish(text), 'In the first piece of a call.'),
  type: described(z.nullish(text), 'In the first piece of a call.'),
  function: z.optional(
    z.looseObject({
      name: z.nullish(text),
      arguments: described(z.nullish(text), 'The next piece.'),
    }),
  ),
  custom: z.optional(z.looseObject({ name: z.nullish(text), input: z.nullish(text) })),
})

export const ChatCompletionSchema = z.looseObject({
  id: text,
  object: z.literal('chat.completion'),
  created: seconds,
  model: described(text, 'The model, by the name that its server uses.'),
  choices: z.array(
    z.looseObject({
      index: count,
      message: z.looseObject({
        role: z.literal('assistant'),
        content: z.optional(z.nullable(text)),
        refusal: z.nullish(text),
        tool_calls: z.nullish(z.array(ToolCallSchema)),
        ...reasoning,
      }),
      finish_reason: FinishReasonSchema,
      logprobs: z.nullish(LogprobsSchema),
    }),
  ),
  usage: z.nullish(UsageSchema),
  service_tier: z.nullish(text),
  system_fingerprint: z.nullish(text),
})

export const ChatCompletionChunkSchema = z.looseObject({
  id: described(text, 'The same in every chunk.'),
  object: z.literal('chat.completion.chunk'),
  created: seconds,
  model: text,
  choices: described(
    z.array(
      z.looseObject({
        index: count,
        delta: described(
          z.looseObject({
            role: described(z.nullish(text), 'In the first delta of a choice.'),
            content: described(z.nullish(text), 'The next piece of the text.'),
            refusal: z.nullish(text),
            tool_calls: z.nullish(z.array(ToolCallDeltaSchema)),
            ...reasoning,
          }),
          'What this chunk adds.',
        ),
        finish_reason: described(
          z.nullish(FinishReasonSchema),
          'Once for each choice, at its end.',
        ),
        logprobs: z.nullish(LogprobsSchema),
      }),
    ),
    'Empty in the chunk that carries usage.',
  ),
  usage: described(z.nullish(UsageSchema), 'In the last chunk, where it was requested.'),
  service_tier: z.nullish(text),
  system_fingerprint: z.nullish(text),
  obfuscation: described(z.nullish(text), 'Meaningless padding.'),
})

export const chatEvents: DescribedEvent[] = [
  {
    data: ChatCompletionChunkSchema,
    description:
      'The next pieces. The first chunk of a choice carries its role, the last its `finish_reason`. Where usage was requested, it comes in one more chunk, with no choices.',
  },
  { data: '[DONE]', description: 'The stream finished. Nothing follows.' },
  { data: ErrorSchema, description: 'The stream failed: sent instead of `[DONE]`.' },
]

export const chatSchemas = {
  requests: {
    ChatRequest: judgedRequest(chatFields, reliedChatFields, chatTexts),
    ChatMessage: {
      schema: MessageSchema,
      description: 'One message. Parts of a type that is not named here are passed on.',
      fields: {},
    },
  },
  answers: {
    ChatCompletion: ChatCompletionSchema,
    ChatCompletionChunk: ChatCompletionChunkSchema,
    ToolCall: ToolCallSchema,
    ToolCallDelta: ToolCallDeltaSchema,
    Logprobs: LogprobsSchema,
    Usage: UsageSchema,
  },
} satisfies ApiSchemas
