/** Errors in the shape of Anthropic's API: https://platform.claude.com/docs/en/api/errors. */
import type { ApiError } from '../errors/api-error.ts'

export interface MessagesErrorBody {
  type: 'error'
  /** `error_code` is what the SDK has as `errorCode`. */
  error: { type: string; message: string; details?: { error_code: string } }
  request_id: string
}

const TYPES: Record<number, string> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** Types that an upstream's own failure may name, whatever the status it becomes here. */
const FAILURES = new Set(['api_error', 'overloaded_error', 'rate_limit_error', 'timeout_error'])

export function messagesError(error: ApiError, requestId: string): MessagesErrorBody {
  return {
    type: 'error',
    error: {
      type: typeOf(error),
      message: error.message,
      ...(error.code !== null && { details: { error_code: error.code } }),
    },
    request_id: requestId,
  }
}

function typeOf({ status, type }: ApiError): string {
  if (status >= 500 && FAILURES.has(type)) return type
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
}
