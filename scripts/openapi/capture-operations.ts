/** The routes of captured requests. */
import { KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const ERRORS = [...KEYED_ERRORS, 429]

const captureId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'cap_ID',
  description: 'The id of a capture, as the list has it.',
  schema: { type: 'string' },
}

const side: Parameter = {
  name: 'side',
  in: 'query',
  description:
    '`client`: what the client sent and was sent. `engine`: what the engine that was asked last was sent and sent, where it is a server.',
  schema: { type: 'string', enum: ['client', 'engine'], default: 'client' },
}

export const captureTexts = {
  listCaptures: {
    tag: 'Captures',
    summary: 'Lists the captured requests, and says which are captured.',
    answerText: 'The captures in memory, without their bytes.',
    errors: ERRORS,
  },
  changeCaptures: {
    tag: 'Captures',
    summary: 'Changes which requests are captured.',
    description:
      'The rule is in force until the setting `capture` changes or sluice is restarted. Prompts and answers are in captures.',
    example: { capture: 'next=1' },
    answerText: 'The captures in memory, and the rule.',
    errors: [...ERRORS, 400, 408, 413, 415, 503],
  },
  deleteCaptures: {
    tag: 'Captures',
    summary: 'Deletes all captures.',
    description: 'What is captured does not change.',
    answerText: 'The empty list.',
    errors: ERRORS,
  },
  retrieveCapture: {
    tag: 'Captures',
    summary: 'Downloads a captured request as a recording.',
    description:
      'As `sluice record` writes it: `sluice replay` serves it again, and `sluice check` checks it. Keys are masked, and the engine’s address is left out.',
    parameters: [captureId, side],
    answerText: 'JSON Lines: the request, the head of the response, each packet, the end.',
    errors: [...ERRORS, 400, 404],
  },
  deleteCapture: {
    tag: 'Captures',
    summary: 'Deletes a capture.',
    parameters: [captureId],
    answerText: 'That it is deleted.',
    errors: [...ERRORS, 404],
  },
} satisfies Record<string, OperationTexts>
