import { badRequest } from '../../wire/errors/api-error.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'
import { refuseUnsupportedFields } from '../unsupported-fields.ts'

/** Fields of chat completions, and their names in this API. */
const CHAT_FIELDS: Record<string, string> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
  verbosity: 'text.verbosity',
  functions: 'tools',
  function_call: 'tool_choice',
  logprobs: 'include: ["message.output_text.logprobs"]',
}

/** Throws an `ApiError` (400) for a field that no engine supports, whatever its API. */
export function refuseFields(request: ResponsesRequest): void {
  refuseUnsupportedFields(request, 'all')
  for (const [field, name] of Object.entries(CHAT_FIELDS)) {
    if (request[field] == null) continue
    throw badRequest(
      `${field}: expected a field of the Responses API, got one of chat completions; use ${name}.`,
      field,
    )
  }
  if (request.n == null || request.n === 1) return
  throw badRequest(
    'n: expected 1, got another number; a response has one answer, so send one request for each.',
    'n',
  )
}
