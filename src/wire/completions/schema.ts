import * as z from 'zod'
import { FinishReasonSchema, UsageSchema } from '../chat/schema.ts'
import { samplingTexts } from '../chat/texts.ts'
import { ErrorSchema } from '../errors/schema.ts'
import { type ApiSchemas, type DescribedEvent, judgedRequest } from '../validation/describe.ts'
import { reliedTextFields, textFields } from './request.ts'

const text = z.string()
const count = z.int().min(0)

export const TextCompletionSchema = z
  .looseObject({
    id: text,
    object: z.literal('text_completion'),
    created: z.int().describe('Unix time in seconds.'),
    model: text.describe('The model, by the name that its server uses.'),
    choices: z
      .array(
        z.looseObject({
          index: count.describe('Counts through the answers to all prompts, prompt by prompt.'),
          text: text.describe('The whole text; in a stream, its next piece.'),
          finish_reason: FinishReasonSchema.nullable().describe('Null until the choice ends.'),
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
      .describe('Empty in the event that carries the usage of a stream.'),
    usage: UsageSchema.nullish(),
  })
  .describe('A whole answer, or one event of a stream.')

export const textEvents: DescribedEvent[] = [
  {
    data: TextCompletionSchema,
    description:
      'The next pieces; the last one of a choice carries its `finish_reason`. Where usage was requested, it comes in one more event, with no choices.',
  },
  { data: '[DONE]', description: 'The stream finished. Nothing follows.' },
  { data: ErrorSchema, description: 'The stream failed: sent instead of `[DONE]`.' },
]

export const textSchemas = {
  requests: {
    TextRequest: judgedRequest(textFields, reliedTextFields, {
      ...samplingTexts,
      prompt:
        'The text to continue: one text or several, or the tokens of one or several. Null is the beginning of a new document.',
      n: 'The number of answers to each prompt.',
      best_of:
        'The number of answers generated for each prompt, of which the `n` best are returned.',
      echo: 'Whether each text begins with its prompt.',
      suffix: 'The text that comes after the requested one.',
      logprobs: 'The number of likely tokens reported beside each chosen one.',
    }),
  },
  answers: { TextCompletion: TextCompletionSchema },
} satisfies ApiSchemas
