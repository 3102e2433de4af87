/** The chat API's schemas; fields that are not named here belong to the engine, and pass. */
import * as z from 'zod'
import { ErrorSchema } from '../errors/schema.ts'
import { type ApiSchemas, type DescribedEvent, judgedRequest } from '../validation/describe.ts'
import type { FinishReason } from './answer.ts'
import { MessageSchema } from './message.ts'
import { chatFields, reliedChatFields } from './request.ts'
import { chatTexts } from './texts.ts'

const text = z.string()
const count = z.int().min(0)
const seconds = z.int().describe('Unix time in seconds.')

export const UsageSchema = z
  .looseObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.looseObject({ cached_tokens: z.optional(count) }).nullish(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: z.optional(count) }).nullish(),
  })
  .describe('Token counts, as the engine reported them.')

const finishReasons = [
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  'function_call',
] as const satisfies FinishReason[]

export const FinishReasonSchema = z.enum(finishReasons).describe('Why a choice ended.')

export const LogprobsSchema = z.looseObject({
  content: z.array(z.looseObject({})).nullish().describe('One entry for each token of the text.'),
  refusal: z.array(z.looseObject({})).nullish().describe('One entry for each token of a refusal.'),
})

const reasoning = {
  reasoning: text.nullish().describe('The model’s reasoning, where its server uses this name.'),
  reasoning_content: text.nullish().describe('The same, by its other name.'),
}

export const ToolCallSchema = z.looseObject({
  id: text.describe('The message with the result refers to the call by it.'),
  type: text.describe('`function` or `custom`.'),
  function: z
    .looseObject({ name: text, arguments: text.describe('JSON text, as the model wrote it.') })
    .optional(),
  custom: z.looseObject({ name: text, input: text }).optional(),
})

export const ToolCallDeltaSchema = z.looseObject({
  index: count.describe('Pieces with the same index make one call.'),
  id: text.nullish().describe('In the first piece of a call.'),
  type: text.nullish().describe('In the first piece of a call.'),
  function: z
    .looseObject({ name: text.nullish(), arguments: text.nullish().describe('The next piece.') })
    .optional(),
  custom: z.looseObject({ name: text.nullish(), input: text.nullish() }).optional(),
})

export const ChatCompletionSchema = z.looseObject({
  id: text,
  object: z.literal('chat.completion'),
  created: seconds,
  model: text.describe('The model, by the name that its server uses.'),
  choices: z.array(
    z.looseObject({
      index: count,
      message: z.looseObject({
        role: z.literal('assistant'),
        content: text.nullable().optional(),
        refusal: text.nullish(),
        tool_calls: z.array(ToolCallSchema).nullish(),
        ...reasoning,
      }),
      finish_reason: FinishReasonSchema,
      logprobs: LogprobsSchema.nullish(),
    }),
  ),
  usage: UsageSchema.nullish(),
  service_tier: text.nullish(),
  system_fingerprint: text.nullish(),
})

export const ChatCompletionChunkSchema = z.looseObject({
  id: text.describe('The same in every chunk.'),
  object: z.literal('chat.completion.chunk'),
  created: seconds,
  model: text,
  choices: z
    .array(
      z.looseObject({
        index: count,
        delta: z
          .looseObject({
            role: text.nullish().describe('In the first delta of a choice.'),
            content: text.nullish().describe('The next piece of the text.'),
            refusal: text.nullish(),
            tool_calls: z.array(ToolCallDeltaSchema).nullish(),
            ...reasoning,
          })
          .describe('What this chunk adds.'),
        finish_reason: FinishReasonSchema.nullish().describe('Once for each choice, at its end.'),
        logprobs: LogprobsSchema.nullish(),
      }),
    )
    .describe('Empty in the chunk that carries usage.'),
  usage: UsageSchema.nullish().describe('In the last chunk, where it was requested.'),
  service_tier: text.nullish(),
  system_fingerprint: text.nullish(),
  obfuscation: text.nullish().describe('Meaningless padding.'),
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
