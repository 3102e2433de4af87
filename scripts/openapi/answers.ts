/** The shapes of what is answered. Fields that are not named here may come too: they are the engine's. */
import * as z from 'zod'
import { messagesAnswers } from './messages-answers.ts'
import { responsesAnswers } from './responses-answers.ts'

const text = z.string()
const count = z.int().min(0)
const seconds = z.int().describe('Unix time in seconds.')

const UsageSchema = z
  .looseObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.looseObject({ cached_tokens: z.optional(count) }).nullish(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: z.optional(count) }).nullish(),
  })
  .describe('Tokens, as the engine counted them.')

const finishReasons = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call'] as const
const FinishReasonSchema = z.enum(finishReasons).describe('How a choice ended.')

const LogprobsSchema = z.looseObject({
  content: z.array(z.looseObject({})).nullish().describe('One entry a token of the text.'),
  refusal: z.array(z.looseObject({})).nullish().describe('One entry a token of a refusal.'),
})

const reasoning = {
  reasoning: text.nullish().describe('What the model thought, where its server calls it so.'),
  reasoning_content: text.nullish().describe('The same, by its other name.'),
}

const ToolCallSchema = z.looseObject({
  id: text.describe('Names the call: the message with its result carries it.'),
  type: text.describe('`function` or `custom`.'),
  function: z
    .looseObject({ name: text, arguments: text.describe('JSON, as the model wrote it.') })
    .optional(),
  custom: z.looseObject({ name: text, input: text }).optional(),
})

const ToolCallDeltaSchema = z.looseObject({
  index: count.describe('Pieces with the same index make one call.'),
  id: text.nullish().describe('In the first piece of a call.'),
  type: text.nullish().describe('In the first piece of a call.'),
  function: z
    .looseObject({ name: text.nullish(), arguments: text.nullish().describe('The next piece.') })
    .optional(),
  custom: z.looseObject({ name: text.nullish(), input: text.nullish() }).optional(),
})

const ChatCompletionSchema = z.looseObject({
  id: text,
  object: z.literal('chat.completion'),
  created: seconds,
  model: text.describe('The model as its server calls it.'),
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

const ChatCompletionChunkSchema = z.looseObject({
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
          .describe('What is new.'),
        finish_reason: FinishReasonSchema.nullish().describe('Once for each choice, at its end.'),
        logprobs: LogprobsSchema.nullish(),
      }),
    )
    .describe('Empty in the chunk that brings usage.'),
  usage: UsageSchema.nullish().describe('In the last chunk, where it was asked for.'),
  service_tier: text.nullish(),
  system_fingerprint: text.nullish(),
  obfuscation: text.nullish().describe('Padding of no meaning.'),
})

const TextCompletionSchema = z
  .looseObject({
    id: text,
    object: z.literal('text_completion'),
    created: seconds,
    model: text.describe('The model as its server calls it.'),
    choices: z
      .array(
        z.looseObject({
          index: count.describe(
            'Of the answers to a prompt, after those to the prompts before it.',
          ),
          text: text.describe('Of a stream the next piece.'),
          finish_reason: z.enum(finishReasons).nullable().describe('Null until the choice ends.'),
          logprobs: z
            .looseObject({
              tokens: z.array(text).nullish(),
              token_logprobs: z.array(z.number().nullable()).nullish(),
              top_logprobs: z.array(z.looseObject({}).nullable()).nullish(),
              text_offset: z.array(count).nullish(),
            })
            .nullish(),
        }),
      )
      .describe('Empty in the event of a stream that brings usage.'),
    usage: UsageSchema.nullish(),
  })
  .describe('An answer that came whole, or one event of a stream.')

const EmbeddingListSchema = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.looseObject({
      object: z.literal('embedding'),
      index: count,
      embedding: z
        .union([z.array(z.number()), text])
        .describe('Numbers, or base64 of little-endian 32-bit floats.'),
    }),
  ),
  model: text,
  usage: z.looseObject({ prompt_tokens: count, total_tokens: count }).optional(),
})

const ModelSchema = z.looseObject({
  id: text,
  object: z.literal('model'),
  created: seconds,
  owned_by: text,
})

const ModelListSchema = z.looseObject({ object: z.literal('list'), data: z.array(ModelSchema) })

const HealthSchema = z.looseObject({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  version: text.describe('Of sluice.'),
  draining: z.boolean().optional().describe('The server is being stopped.'),
  host: text.optional().describe('The runtime. This and what follows is told to who may ask.'),
  waiting: count.optional().describe('Requests that wait for an engine.'),
  engines: z
    .array(
      z.looseObject({
        engine: text,
        state: z.enum(['up', 'down', 'open', 'half-open', 'unknown']),
        running: count,
      }),
    )
    .optional(),
})

const ErrorSchema = z
  .looseObject({
    error: z.looseObject({
      message: text.describe('What happened, where, and what to do.'),
      type: text.describe('`invalid_request_error`, `rate_limit_error`, `server_error`, …'),
      param: text.nullable().describe('The field at fault, as a path: `messages[0].role`.'),
      code: text.nullable().describe('A stable word for programs: `model_not_found`, …'),
    }),
  })
  .describe('A refusal, or a failure, in the shape of OpenAI’s API.')

/** By the names that they have in the document. */
export const answers = {
  ChatCompletion: ChatCompletionSchema,
  ChatCompletionChunk: ChatCompletionChunkSchema,
  ToolCall: ToolCallSchema,
  ToolCallDelta: ToolCallDeltaSchema,
  Logprobs: LogprobsSchema,
  Usage: UsageSchema,
  TextCompletion: TextCompletionSchema,
  ...messagesAnswers,
  ...responsesAnswers,
  EmbeddingList: EmbeddingListSchema,
  Model: ModelSchema,
  ModelList: ModelListSchema,
  Health: HealthSchema,
  Error: ErrorSchema,
}
