/** What a tab is told whose messages cannot be taken. */
import { ApiError } from '../wire/errors/api-error.ts'

export function mustJoinAnew(): ApiError {
  const message =
    'resume: expected the number of an event that the server still has, got another; join anew, without resume.'
  return new ApiError(410, message, { code: 'tab_gone', param: 'resume' })
}

export function numberUnknown(field: string, seq: number): ApiError {
  const message = `${field}: expected the number of an event that was sent to this tab, got ${seq}; join anew.`
  return new ApiError(400, message, { code: 'invalid_value', param: field })
}

export function missing(last: number, first: number): ApiError {
  const message = `seq: expected ${last + 1}, the number after the last message that arrived, or a lower one, got ${first}; send the messages from ${last + 1} on.`
  return new ApiError(409, message, { code: 'messages_missing', param: 'seq' })
}
