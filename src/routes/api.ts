/** Which family of APIs a client uses, and how errors are written in each. */

import { safeHeaders } from '../util/safe/headers.ts'
import type { ApiError, DocLink } from '../wire/errors/api-error.ts'
import { messagesError } from '../wire/messages/error.ts'
import { ollamaError } from '../wire/ollama/error.ts'
import { jsonResponse } from './json.ts'
import { CLOSED_POLICY } from './policy.ts'

/** The families of APIs, by who defined them. */
export type ApiFamily = 'openai' | 'anthropic' | 'ollama'

/** What the answers of a family have in common. */
interface FamilyShape {
  /** The body of an error. */
  error(error: ApiError, requestId: string, docs?: DocLink): unknown
  /** A header with the request's id, beside `x-request-id`, where the SDKs of the family read one. */
  idHeader?: string
}

const SHAPES: Readonly<Record<ApiFamily, FamilyShape>> = {
  openai: { error: (error, _, docs) => error.body(docs) },
  anthropic: { error: messagesError, idHeader: 'request-id' },
  ollama: { error: ollamaError },
}

/**
 * The family of a request: told by its path or, where OpenAI's and Anthropic's API have the same one, by
 * the version header. OpenAI's where nothing says otherwise.
 */
export function familyOf(path: string | undefined, headers: Headers): ApiFamily {
  if (path === undefined) return 'openai'
  if (/^\/api(\/|$)/.test(path)) return 'ollama'
  if (/^\/v1\/messages(\/|$)/.test(path)) return 'anthropic'
  const isShared = /^\/v1\/models(\/|$)/.test(path)
  return isShared && sendsVersion(headers) ? 'anthropic' : 'openai'
}

export function sendsVersion(headers: Headers): boolean {
  return headers.has('anthropic-version')
}

/** Sets the header in which the SDKs of the family read the request's id, if there is one. */
export function setRequestId(headers: Headers, family: ApiFamily, requestId: string): void {
  const { idHeader } = SHAPES[family]
  if (idHeader !== undefined) headers.set(idHeader, requestId)
}

/** A browser shows an error as a document where a URL that is wrong is opened. */
const AS_DOCUMENT = {
  'content-security-policy': CLOSED_POLICY,
  'x-content-type-options': 'nosniff',
}

/** An error as a response in the shape that the client reads. `docs`: where its code is explained. */
export function errorResponse(
  error: ApiError,
  family: ApiFamily,
  requestId: string,
  docs?: DocLink,
): Response {
  const { status } = error
  const headers = { ...finality(status), ...AS_DOCUMENT, ...error.headers }
  const told = SHAPES[family].error(error, requestId, docs)
  return jsonResponse(told, { status, headers: safeHeaders(headers) })
}

/** Statuses below 500 after which the same request may succeed later. */
const PASSING = new Set([408, 409, 425, 429, 499])
/** Statuses of 500 and more after which it will not. */
const FINAL = new Set([501, 505, 508])

/** Tells SDKs not to retry: OpenAI's and Anthropic's do after any 5xx, and Claude Code after a 401. */
function finality(status: number): Record<string, string> {
  const isFinal = status < 500 ? !PASSING.has(status) : FINAL.has(status)
  return isFinal ? { 'x-should-retry': 'false' } : {}
}
