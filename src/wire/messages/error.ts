/** Errors in the format of Anthropic's API: https://platform.claude.com/docs/en/api/errors. */
import type { ApiError, DocLink } from '../errors/api-error.ts'

export interface MessagesErrorBody {
  type: 'error'
  /** The SDK reads `error_code` as `errorCode`. */
  error: { type: string; message: string; details?: { error_code: string }; doc_url?: string }
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

/** Error types of an upstream that are kept, whatever the status. */
const FAILURES = new Set(['api_error', 'overloaded_error', 'rate_limit_error', 'timeout_error'])

export function messagesError(
  error: ApiError,
  requestId: string,
  docs?: DocLink,
): MessagesErrorBody {
  return {
    type: 'error',
    error: {
      type: typeOf(error),
      message: error.message,
      ...(error.code !== null && { details: { error_code: error.code } }),
      ...error.docUrl(docs),
    },
    request_id: requestId,
  }
}

function typeOf({ status, type }: ApiError): string {
  if (status >= 500 && FAILURES.has(type)) return type
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
}
