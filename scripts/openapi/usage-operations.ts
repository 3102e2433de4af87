/** The route of what keys have used. */
import { KEYED_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const name: Parameter = {
  name: 'name',
  in: 'query',
  description: 'The name of a key, for an admin key that wants to see this one only.',
  schema: { type: 'string' },
}

export const usageTexts = {
  retrieveUsage: {
    tag: 'Usage',
    summary: 'Shows what a key has used and what is left of its limits.',
    description:
      'By minute, day and month, and its requests at the same time. An admin key sees all keys; any other sees itself.',
    parameters: [name],
    answerText: 'The use of one key, or the list of all for an admin key that names none.',
    errors: [...KEYED_ERRORS, 404, 429, 503],
  },
} satisfies Record<string, OperationTexts>
