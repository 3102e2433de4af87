/** Reads an upstream's complete (not streamed) answers. */

import type { Fetched } from '../../platform/fetch.ts'
import { concat } from '../../util/bytes.ts'
import { parseJson } from '../../util/parse-json.ts'
import { ApiError, type Evidence } from '../../wire/errors/api-error.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { exceedsDepth, MAX_DEPTH } from '../../wire/json/depth.ts'
import { decodeText } from '../../wire/sse/sse.ts'

/** The most bytes of one answer. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** The upstream's response headers that are forwarded to the client. */
const FORWARDED_HEADERS = ['openai-processing-ms', 'openai-version', 'retry-after']

export function forwardedHeaders(response: Fetched): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of FORWARDED_HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}

/** The media type of a response in lower case, without parameters; empty where it has none. */
export function mediaType(response: Fetched): string {
  const type = response.headers.get('content-type') ?? ''
  return (type.split(';')[0] as string).trim().toLowerCase()
}

export function isJson(type: string): boolean {
  return /^application\/(.+\+)?json$/.test(type)
}

/**
 * Reads a body to its end. Rejects with an `ApiError` (502) where it is cut off or longer than
 * `limit`.
 */
export async function readBytes(
  response: Fetched,
  label: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      reader?.onTaken?.(part.value)
      parts.push(part.value)
      length += part.value.length
      if (length <= limit) continue
      await reader?.cancel()
      throw invalidAnswer(
        label,
        `sent an answer longer than ${limit} bytes, the most that sluice reads; request a shorter one`,
      )
    }
    return concat(parts)
  } catch (cause) {
    throw cause instanceof ApiError
      ? cause
      : invalidAnswer(
          label,
          'closed the connection before its answer was complete; try again',
          cause,
          'lost',
        )
  }
}

/**
 * Decodes UTF-8 without a byte order mark, which some Windows servers write and JSON must not have.
 */
export function textOf(bytes: Uint8Array): string {
  const text = decodeText(bytes)
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** The text of an answer, and its value. */
export interface ParsedAnswer {
  json: string
  value: unknown
}

/**
 * Reads a body as JSON. Rejects with an `ApiError` (502). `known`: one that was read before, which is returned
 * again where this one has the same text.
 */
export async function readJson(
  response: Fetched,
  label: string,
  known?: ParsedAnswer,
): Promise<ParsedAnswer> {
  const bytes = await readBytes(response, label, MAX_ANSWER_BYTES)
  try {
    const json = textOf(bytes)
    if (json === known?.json) return known
    requireShallow(bytes, label)
    return { json, value: parseJson(json) }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    throw invalidAnswer(
      label,
      `sent an answer that is not valid JSON in UTF-8; ${CHECK_ADDRESS}`,
      cause,
    )
  }
}

/** Throws an `ApiError` (502): serializing deeply nested JSON again would take seconds, or overflow the stack. */
function requireShallow(bytes: Uint8Array, label: string): void {
  if (!exceedsDepth(bytes, MAX_DEPTH)) return
  throw invalidAnswer(
    label,
    `sent JSON nested deeper than ${MAX_DEPTH} levels, the most that sluice accepts`,
  )
}

/** What to do about an answer that no OpenAI-compatible server would send. */
export const CHECK_ADDRESS =
  'check that its address is the root of an OpenAI-compatible API, which usually ends in /v1'

/** Throws an `ApiError` (502) for a media type that is not JSON. */
export function requireJson(type: string, wanted: string, errors: EngineErrors): void {
  if (!isJson(type)) throw wrongFormat(type, wanted, errors)
}

/** The error (502) for an answer in another format than the requested one. */
export function wrongFormat(type: string, wanted: string, errors: EngineErrors): ApiError {
  const received = type === '' ? 'no content type' : type
  return errors.invalid(`answered with ${received} instead of ${wanted}; ${CHECK_ADDRESS}`)
}

/** An `ApiError` (502). `did` completes a sentence that begins with the engine's label. */
export function invalidAnswer(
  label: string,
  did: string,
  cause?: unknown,
  evidence?: Evidence,
): ApiError {
  const details = { code: 'upstream_invalid', cause, ...(evidence && { evidence }) }
  return new ApiError(502, `${label} ${did}.`, details)
}
