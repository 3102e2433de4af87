import { expect, it } from 'vitest'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { messagesError } from '../../../../src/wire/messages/error.ts'

it.each<[number, string | undefined, string]>([
  [400, undefined, 'invalid_request_error'],
  [401, undefined, 'authentication_error'],
  [402, undefined, 'billing_error'],
  [403, undefined, 'permission_error'],
  [404, undefined, 'not_found_error'],
  [405, undefined, 'invalid_request_error'],
  [413, undefined, 'request_too_large'],
  [415, undefined, 'invalid_request_error'],
  [429, undefined, 'rate_limit_error'],
  [500, undefined, 'api_error'],
  [501, undefined, 'api_error'],
  [502, undefined, 'api_error'],
  [503, undefined, 'overloaded_error'],
  [504, undefined, 'timeout_error'],
  [529, undefined, 'overloaded_error'],
  // What an upstream calls its own failure stands, what it calls a refusal does not.
  [502, 'overloaded_error', 'overloaded_error'],
  [502, 'server_error', 'api_error'],
  [502, 'invalid_request_error', 'api_error'],
  [404, 'invalid_request_error', 'not_found_error'],
])('%i, %s: %s', (status, type, told) => {
  const error = new ApiError(status, 'No.', { ...(type && { type }) })
  expect(messagesError(error, 'id')).toEqual({
    type: 'error',
    error: { type: told, message: 'No.' },
    request_id: 'id',
  })
})

it('has the code where the SDK reads it', () => {
  const error = new ApiError(502, 'No.', { code: 'upstream_truncated' })
  expect(messagesError(error, 'id').error.details).toEqual({ error_code: 'upstream_truncated' })
})
