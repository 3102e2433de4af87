/** The routes of the Responses API. */
import { responseEvents } from '../../src/wire/responses/event-schema.ts'
import { ENGINE_ERRORS, KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const responseId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'resp_ID',
  description: 'The id of a stored response. Only the key that created it can use it.',
  schema: { type: 'string' },
}

export const responsesTexts = {
  createResponse: {
    tag: 'Responses',
    summary:
      'Answers a conversation in OpenAI’s Responses API, as JSON, as a stream or in the background.',
    description:
      'Any engine is asked for a chat; an upstream whose setting `nativeApis` names this API gets the request unchanged, and its items and events are passed on even if they are not named here. Responses are stored in memory: at most 4,096 and 32 MiB, each for 24 hours after its last use.',
    example: { model: 'static', stream: true, input: 'Hello!' },
    answerText: 'The response, or a stream of events if `stream` is true.',
    events: responseEvents,
    errors: ENGINE_ERRORS,
  },
  countInputTokens: {
    tag: 'Responses',
    summary: 'Counts the tokens of a conversation, with the engine’s own tokenizer.',
    example: { model: 'static', input: 'Hello!' },
    answerText: 'The count.',
    errors: [...ENGINE_ERRORS, 501],
  },
  compactResponse: {
    tag: 'Responses',
    summary: 'Replaces a conversation by a shorter one, from which later requests continue.',
    description:
      'An upstream whose setting `nativeApis` names this API is asked for it. Where it has none, as with any other engine, the model is asked for a summary, which becomes the `compaction` item. Nothing is stored.',
    example: { model: 'MODEL', input: [{ role: 'user', content: 'Hello!' }] },
    answerText: 'The input of later requests.',
    errors: ENGINE_ERRORS,
  },
  retrieveResponse: {
    tag: 'Responses',
    summary: 'Returns a stored response.',
    parameters: [
      responseId,
      {
        name: 'stream',
        in: 'query',
        description:
          'Whether the events of the response are streamed, from the first one on. They are stored for an hour, for responses in the background only.',
        schema: { type: 'boolean' },
      },
      {
        name: 'starting_after',
        in: 'query',
        description: 'The stream begins after the event with this `sequence_number`.',
        schema: { type: 'integer', minimum: 0 },
      },
    ],
    answerText: 'The response as far as it has come, or its events if `stream` is true.',
    events: responseEvents,
    errors: [400, ...KEYED_ERRORS, 404],
  },
  deleteResponse: {
    tag: 'Responses',
    summary: 'Deletes a response, and cancels it if it runs in the background.',
    parameters: [responseId],
    answerText: 'The response is deleted.',
    errors: [...KEYED_ERRORS, 404],
  },
  cancelResponse: {
    tag: 'Responses',
    summary: 'Cancels a response that runs in the background.',
    parameters: [responseId],
    answerText: 'The response as far as it had come.',
    errors: [400, ...KEYED_ERRORS, 404],
  },
  listInputItems: {
    tag: 'Responses',
    summary:
      'Lists the input of a response: the conversation before it, and the input of its own request.',
    parameters: [
      responseId,
      {
        name: 'order',
        in: 'query',
        description: '`desc`, newest first, is the default; or `asc`.',
        schema: { enum: ['asc', 'desc'] },
      },
      {
        name: 'limit',
        in: 'query',
        description: 'The largest number of items; 20 by default.',
        schema: { type: 'integer', minimum: 1, maximum: 100 },
      },
      {
        name: 'after',
        in: 'query',
        description: 'The list begins after the item with this id.',
        schema: { type: 'string' },
      },
    ],
    answerText: 'The items.',
    errors: [400, ...KEYED_ERRORS, 404],
  },
} satisfies Record<string, OperationTexts>
