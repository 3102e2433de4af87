/** Which family of APIs a client uses, and how errors are written in each. */

import { safeHeaders } from '../util/safe/headers.ts'
import type { ApiError, DocLink } from '../wire/errors/api-error.ts'
import { jsonResponse } from './json.ts'
import { CLOSED_POLICY } from './policy.ts'

/** The families of APIs, by who defined them. */
export type ApiFamily = 'openai' | 'anthropic' | 'ollama'

/** What the answers of a family have in common. */
export interface Family {
  readonly name: ApiFamily
  /** Whether a request is one of this family, by its path and headers. */
  has(path: string, headers: Headers): boolean
  /** The body of an error. */
  error(error: ApiError, requestId: string, docs?: DocLink): unknown
  /** A header with the request's id, beside `x-request-id`, where the SDKs of the family read one. */
  readonly idHeader?: string
}

/** OpenAI's, which every request is of that is of no other. */
export const openai: Family = {
  name: 'openai',
  has: () => true,
  error: (error, _, docs) => error.body(docs),
}

/** The family of a request, of those that a handler has: OpenAI's where nothing says otherwise. */
export function familyOf(
  path: string | undefined,
  headers: Headers,
  families: readonly Family[],
): Family {
  return (path !== undefined && families.find(({ has }) => has(path, headers))) || openai
}

/** Sets the header in which the SDKs of the family read the request's id, if there is one. */
export function setRequestId(headers: Headers, { idHeader }: Family, requestId: string): void {
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
  family: Family,
  requestId: string,
  docs?: DocLink,
): Response {
  const { status } = error
  const headers = { ...finality(status), ...AS_DOCUMENT, ...error.headers }
  const told = family.error(error, requestId, docs)
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

/** Whether a client uses Anthropic's API. */
export function sendsVersion(headers: Headers): boolean {
  return headers.has('anthropic-version')
}
