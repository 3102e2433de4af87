import * as z from 'zod/mini'
import { FinishReasonSchema, UsageSchema } from '../chat/schema.ts'
import { samplingTexts } from '../chat/texts.ts'
import { ErrorSchema } from '../errors/schema.ts'
import {
  type ApiSchemas,
  type DescribedEvent,
  described,
  judgedRequest,
} from '../validation/describe.ts'
import { reliedTextFields, textFields } from './request.ts'

const text = z.string()
const count = z.int().check(z.gte(0))

export const TextCompletionSchema = described(
  z.looseObject({
    id: text,
    object: z.literal('text_completion'),
    created: described(z.int(), 'Unix time in seconds.'),
    model: described(text, 'The model, by the name that its server uses.'),
    choices: described(
      z.array(
        z.looseObject({
          index: described(count, 'Counts through the answers to all prompts, prompt by prompt.'),
          text: described(text, 'The whole text; in a stream, its next piece.'),
          finish_reason: described(z.nullable(FinishReasonSchema), 'Null until the choice ends.'),
          logprobs: z.nullish(
            z.looseObject({
              tokens: z.nullish(z.array(text)),
              token_logprobs: z.nullish(z.array(z.nullable(z.number()))),
              top_logprobs: z.nullish(z.array(z.nullable(z.looseObject({})))),
              text_offset: z.nullish(z.array(count)),
            }),
          ),
        }),
      ),
      'Empty in the event that carries the usage of a stream.',
    ),
    usage: z.nullish(UsageSchema),
  }),
  'A whole answer, or one event of a stream.',
)

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
