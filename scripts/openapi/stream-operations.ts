/** The routes of streams that can be resumed. */
import { KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const ERRORS = [...KEYED_ERRORS, 404, 429, 503]

const streamId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'strm_ID',
  description:
    'The id of a stream, as the header `x-sluice-resume` of its answer has it; for a response its own id.',
  schema: { type: 'string' },
}

const number = { type: 'integer', minimum: 0 } as const

const stop = {
  tag: 'Streams',
  description: 'Whichever instance runs it. Again, nothing changes.',
  parameters: [streamId],
  answerText:
    'Its state: `running` until its engine has stopped, `finished`, `failed` or `stopped`.',
  errors: ERRORS,
}

export const streamTexts = {
  retrieveStream: {
    tag: 'Streams',
    summary: 'Continues a stream, at any instance.',
    description:
      'The events are those of the API that was asked, byte for byte; of Ollama’s API they are lines of JSON. 204 if the stream has ended and nothing follows.',
    parameters: [
      streamId,
      {
        name: 'last-event-id',
        in: 'header',
        description: 'The number of the last event that the client has; events count from 0.',
        schema: number,
      },
      {
        name: 'starting_after',
        in: 'query',
        description: 'The same, for clients that can set no header.',
        schema: number,
      },
    ],
    answerText: 'The events from the next one on, to the end.',
    errors: [...ERRORS, 400, 409, 410],
  },
  deleteStream: { summary: 'Stops a stream.', ...stop },
  stopStream: { summary: 'Stops a stream, for clients that cannot send DELETE.', ...stop },
} satisfies Record<string, OperationTexts>
