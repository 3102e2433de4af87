/**
 * The schemas of Ollama's chats and prompts. What an Ollama answers itself is forwarded, and may have
 * further fields.
 */
import * as z from 'zod/mini'
import { type ApiSchemas, type DescribedEvent, described } from '../validation/describe.ts'
import { ollamaModelSchemas } from './models-schema.ts'
import { OllamaChatRequestSchema, OllamaGenerateRequestSchema } from './request.ts'

const text = z.string()
const count = z.int().check(z.gte(0))
const nanoseconds = z.optional(count)

const head = {
  model: described(text, 'The model, by the name that the request has for it.'),
  created_at: described(text, 'RFC 3339.'),
}

const end = {
  done: described(z.boolean(), 'True in the last line, and in an answer that is not streamed.'),
  done_reason: described(
    z.optional(text),
    '`stop`, also where the model called a tool; `length`; `load` and `unload` where there was no prompt; or any other value that the engine sends.',
  ),
  total_duration: described(nanoseconds, 'Nanoseconds for the whole request.'),
  load_duration: described(nanoseconds, 'Nanoseconds, where an Ollama tells them.'),
  prompt_eval_count: described(z.optional(count), 'Left out where the engine counts nothing.'),
  prompt_eval_duration: described(nanoseconds, 'Nanoseconds, where the engine measures them.'),
  eval_count: described(z.optional(count), 'Left out where the engine counts nothing.'),
  eval_duration: described(
    nanoseconds,
    'Nanoseconds from the first token on, measured by the engine, else by sluice. In an answer that came whole, those of the whole request.',
  ),
  logprobs: z.optional(z.array(z.unknown())),
}

const thinking = described(z.optional(text), 'The next piece of the model’s reasoning.')

const MessageSchema = z.looseObject({
  role: text,
  content: described(text, 'The next piece of the text.'),
  thinking,
  tool_calls: described(
    z.optional(
      z.array(
        z.looseObject({
          id: text,
          function: z.looseObject({ index: count, name: text, arguments: z.unknown() }),
        }),
      ),
    ),
    'Whole calls, all in one line, with their arguments as objects.',
  ),
})

const OllamaChatAnswerSchema = z.looseObject({ ...head, message: MessageSchema, ...end })

const OllamaGenerateAnswerSchema = z.looseObject({
  ...head,
  response: described(text, 'The next piece of the text.'),
  thinking,
  ...end,
})

function linesOf(data: z.ZodMiniType): DescribedEvent[] {
  return [
    { data, description: 'One line each. The last one has `done: true`; nothing follows it.' },
    {
      data: ollamaModelSchemas.answers.OllamaError,
      description: 'The stream failed: the last line instead.',
    },
  ]
}

export const ollamaChatLines = linesOf(OllamaChatAnswerSchema)
export const ollamaGenerateLines = linesOf(OllamaGenerateAnswerSchema)

const shared = {
  model: 'The model that answers; by default that of `--model`, or the first one served.',
  stream: 'Whether the answer is sent in lines as it is generated; true by default.',
  format: '`json`, or a JSON schema that the answer fits.',
  options:
    'Parameters such as `temperature`, `num_predict` and `stop`. Those of how a model is loaded, such as `num_ctx`, reach an Ollama only.',
  think: 'Whether to think first, or how much.',
  keep_alive: 'How long the model stays loaded: reaches an Ollama only.',
  logprobs: 'Whether to return the log probability of each token.',
  top_logprobs: 'How many likely tokens to return for each.',
  _debug_render_only: 'Returns the prompt instead of an answer; an Ollama alone can.',
}

const FORWARDED =
  'Where an Ollama serves the model, the request is forwarded to it as it came. Fields that are not named here are not sent to other engines.'

export const ollamaSchemas = {
  requests: {
    OllamaChatRequest: {
      schema: OllamaChatRequestSchema,
      description: FORWARDED,
      fields: {
        ...shared,
        messages: 'The conversation so far, oldest first. Without any the model is only loaded.',
        tools: 'Functions that the model may call.',
      },
    },
    OllamaGenerateRequest: {
      schema: OllamaGenerateRequestSchema,
      description: FORWARDED,
      fields: {
        ...shared,
        prompt: 'The text to answer. If it is empty, the model is only loaded.',
        suffix: 'The text that comes after the requested one: asks for a text completion.',
        system: 'The system message.',
        images: 'Base64 of images.',
        template: 'A template in place of the model’s own; only Ollama supports it.',
        raw: 'Whether the prompt is used without a template: asks for a text completion.',
        context: 'Tokens of an earlier answer to continue from; only Ollama supports it.',
      },
    },
  },
  answers: {
    OllamaChatAnswer: OllamaChatAnswerSchema,
    OllamaGenerateAnswer: OllamaGenerateAnswerSchema,
  },
} satisfies ApiSchemas
