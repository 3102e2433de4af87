/** Which of the two families of APIs a client speaks, and what it is told in. */
import type { ApiError } from '../wire/errors.ts'
import { safeHeaders } from '../wire/header.ts'
import { messagesError } from '../wire/messages-error.ts'
import { jsonResponse } from './json.ts'

/** Whether it is Anthropic's: by the path, or, where both have it, by the version header. */
export function speaksAnthropic(path: string | undefined, headers: Headers): boolean {
  if (path === undefined) return false
  if (/^\/v1\/messages(\/|$)/.test(path)) return true
  return /^\/v1\/models(\/|$)/.test(path) && sendsVersion(headers)
}

export function sendsVersion(headers: Headers): boolean {
  return headers.has('anthropic-version')
}

/** An error as a response in the shape that the client reads. */
export function errorResponse(error: ApiError, isAnthropic: boolean, requestId: string): Response {
  const { status, headers } = error
  const told = isAnthropic ? messagesError(error, requestId) : error
  return jsonResponse(told, { status, headers: safeHeaders(headers) })
}
