/** Which of the two families of APIs a client uses: OpenAI's or Anthropic's. */

import { safeHeaders } from '../util/safe/headers.ts'
import type { ApiError } from '../wire/errors/api-error.ts'
import { messagesError } from '../wire/messages/error.ts'
import { jsonResponse } from './json.ts'
import { CLOSED_POLICY } from './policy.ts'

/** Whether it is Anthropic's: told by the path or, where both APIs have it, by the version header. */
export function speaksAnthropic(path: string | undefined, headers: Headers): boolean {
  if (path === undefined) return false
  if (/^\/v1\/messages(\/|$)/.test(path)) return true
  return /^\/v1\/models(\/|$)/.test(path) && sendsVersion(headers)
}

export function sendsVersion(headers: Headers): boolean {
  return headers.has('anthropic-version')
}

/** A browser shows an error as a document where a URL that is wrong is opened. */
const AS_DOCUMENT = {
  'content-security-policy': CLOSED_POLICY,
  'x-content-type-options': 'nosniff',
}

/** An error as a response in the shape that the client reads. */
export function errorResponse(error: ApiError, isAnthropic: boolean, requestId: string): Response {
  const { status } = error
  const headers = { ...finality(status), ...AS_DOCUMENT, ...error.headers }
  const told = isAnthropic ? messagesError(error, requestId) : error
  return jsonResponse(told, { status, headers: safeHeaders(headers) })
}

/** Statuses below 500 after which the same request may succeed later. */
const PASSING = new Set([408, 409, 425, 429, 499])
/** Statuses of 500 and more after which it will not. */
const FINAL = new Set([501, 505, 508])

/** Tells the SDKs of both families not to retry: they do after any 5xx, and Claude Code after a 401. */
function finality(status: number): Record<string, string> {
  const isFinal = status < 500 ? !PASSING.has(status) : FINAL.has(status)
  return isFinal ? { 'x-should-retry': 'false' } : {}
}
