/** The routes that show requests while they happen. */
import { activityEvents, activityListEvents } from '../../src/wire/activity/schema.ts'
import { KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const requestId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'ID',
  description: 'The `x-request-id` of the response. A key finds its own requests only.',
  schema: { type: 'string' },
}

const asEvents: Parameter = {
  name: 'stream',
  in: 'query',
  description: 'Whether to answer with events, as for `Accept: text/event-stream`.',
  schema: { type: 'boolean' },
}

export const activityTexts = {
  listActivity: {
    tag: 'Activity',
    summary: 'Shows the requests that run and those that ended last, as JSON or as events.',
    description:
      'Admins see everything. A key sees its own requests, and what is left of its own limits. A stream ends when the settings are read again and when the server stops: connect again then.',
    parameters: [asEvents],
    answerText: 'What there is now, or a stream of events.',
    events: activityListEvents,
    errors: [...KEYED_ERRORS, 404, 429],
  },
  retrieveActivity: {
    tag: 'Activity',
    summary: 'Shows one request or, as events, its bytes while they come.',
    description:
      'The bytes are those from now on: nothing is kept before somebody looks. A reader that reads slowly loses some of them, and is told how many.',
    parameters: [requestId, asEvents],
    answerText: 'The request, or a stream of events.',
    events: activityEvents,
    errors: [...KEYED_ERRORS, 404, 429],
  },
  cancelActivity: {
    tag: 'Activity',
    summary: 'Stops a request that is running.',
    description:
      'Its client gets an error with the code `request_stopped`; a response in the background is cancelled.',
    parameters: [requestId],
    answerText: 'The request as it was when it was stopped.',
    errors: [...KEYED_ERRORS, 404, 409, 429],
  },
} satisfies Record<string, OperationTexts>
