/** The routes of the Responses API. */
import { responseEvents } from '../../src/wire/responses/event-schema.ts'
import { ENGINE_ERRORS, KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const responseId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'resp_ID',
  description: 'The id of a response that is kept, for the key that asked for it alone.',
  schema: { type: 'string' },
}

export const responsesTexts = {
  createResponse: {
    tag: 'Responses',
    summary: 'Answers a conversation, whole, as a stream or in the background.',
    description:
      'OpenAI’s Responses API: asked of any engine as a chat, or forwarded to an upstream whose setting `nativeApis` says that it speaks it; then items and events that are not named here pass. Responses are kept in memory: the last 4,096, 32 MiB of them, until nobody has used them for 24 hours.',
    example: { model: 'static', stream: true, input: 'Hello!' },
    answerText: 'The response; a stream of events where `stream` is true.',
    events: responseEvents,
    errors: ENGINE_ERRORS,
  },
  retrieveResponse: {
    tag: 'Responses',
    summary: 'A response that is kept.',
    parameters: [
      responseId,
      {
        name: 'stream',
        in: 'query',
        description:
          'Whether its events are told, from the first on. They are kept for an hour of what was asked for in the background. Not on workerd.',
        schema: { type: 'boolean' },
      },
      {
        name: 'starting_after',
        in: 'query',
        description: 'The `sequence_number` behind which the events begin.',
        schema: { type: 'integer', minimum: 0 },
      },
    ],
    answerText: 'The response, as far as it is; its events where `stream` is true.',
    events: responseEvents,
    errors: [400, ...KEYED_ERRORS, 404],
  },
  deleteResponse: {
    tag: 'Responses',
    summary: 'Forgets a response, and stops it where it runs in the background.',
    parameters: [responseId],
    answerText: 'It is forgotten.',
    errors: [...KEYED_ERRORS, 404],
  },
  cancelResponse: {
    tag: 'Responses',
    summary: 'Stops a response that runs in the background.',
    parameters: [responseId],
    answerText: 'The response, as far as it came.',
    errors: [400, ...KEYED_ERRORS, 404],
  },
  listInputItems: {
    tag: 'Responses',
    summary: 'What a response was asked with: the conversation before it, and its own input.',
    parameters: [
      responseId,
      {
        name: 'order',
        in: 'query',
        description: '`desc`, which is the default: newest first; or `asc`.',
        schema: { enum: ['asc', 'desc'] },
      },
      {
        name: 'limit',
        in: 'query',
        description: 'The most items; 20 by default.',
        schema: { type: 'integer', minimum: 1, maximum: 100 },
      },
      {
        name: 'after',
        in: 'query',
        description: 'The id of the item behind which they begin.',
        schema: { type: 'string' },
      },
    ],
    answerText: 'The items.',
    errors: [400, ...KEYED_ERRORS, 404],
  },
} satisfies Record<string, OperationTexts>
