/** What an upstream says that is not a stream: whole answers, and refusals. */

import type { Fetched } from '../../platform/fetch.ts'
import { concat } from '../../util/bytes.ts'
import { ApiError, type Evidence } from '../../wire/errors/api-error.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { isRequestError, type ReportedError, readError } from '../../wire/errors/reported-error.ts'
import { exceedsDepth, MAX_DEPTH } from '../../wire/json/depth.ts'
import { decodeText } from '../../wire/sse/sse.ts'
import { MODEL_LOADING, saysModelIsLoading } from './model-loading.ts'

/** Bytes of the longest answer read whole. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** Bytes of the longest error read. */
const MAX_ERROR_BYTES = 64 * 1024

/** The upstream's response headers a client may see. */
const FORWARDED_HEADERS = ['openai-processing-ms', 'openai-version', 'retry-after']

export function forwardedHeaders(response: Fetched): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of FORWARDED_HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}

/** The type of its content, without parameters; empty where it names none. */
export function mediaType(response: Fetched): string {
  const type = response.headers.get('content-type') ?? ''
  return (type.split(';')[0] as string).trim().toLowerCase()
}

export function isJson(type: string): boolean {
  return /^application\/(.+\+)?json$/.test(type)
}

/** The whole body. Throws an `ApiError` (502) where it breaks off or is too long. */
async function readBytes(
  response: Fetched,
  label: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      parts.push(part.value)
      length += part.value.length
      if (length <= limit) continue
      await reader?.cancel()
      throw invalidAnswer(label, `sent an answer longer than ${limit} bytes`)
    }
    return concat(parts)
  } catch (cause) {
    throw cause instanceof ApiError
      ? cause
      : invalidAnswer(label, 'broke off its answer', cause, 'lost')
  }
}

/** Without a byte order mark, which some servers on Windows write and JSON may not have. */
function textOf(bytes: Uint8Array): string {
  const text = decodeText(bytes)
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** The body as JSON, and its text. Throws an `ApiError` (502). */
export async function readJson(
  response: Fetched,
  label: string,
): Promise<{ json: string; value: unknown }> {
  const bytes = await readBytes(response, label, MAX_ANSWER_BYTES)
  // Writing such a thing anew would take seconds, or overflow the stack.
  if (exceedsDepth(bytes, MAX_DEPTH)) {
    throw invalidAnswer(label, `sent JSON nested deeper than ${MAX_DEPTH} levels`)
  }
  try {
    const json = textOf(bytes)
    return { json, value: JSON.parse(json) }
  } catch (cause) {
    throw invalidAnswer(label, 'sent an answer that is not JSON in UTF-8', cause)
  }
}

/** Throws an `ApiError` (502) for a media type that is not JSON. */
export function requireJson(type: string, wanted: string, errors: EngineErrors): void {
  if (!isJson(type)) throw wrongFormat(type, wanted, errors)
}

/** An answer of another kind than was asked for. */
export function wrongFormat(type: string, wanted: string, errors: EngineErrors): ApiError {
  const came = type === '' ? 'an answer of no type' : type
  return errors.invalid(`answered with ${came} instead of ${wanted}`)
}

/** An upstream's refusal, with its own status and message, in OpenAI's shape. */
export async function refusal(
  response: Fetched,
  label: string,
  secrets: readonly string[],
  path = '',
): Promise<ApiError> {
  const { status } = response
  if (status < 400) {
    await response.body?.cancel().catch(() => {})
    return invalidAnswer(
      label,
      `answered with a redirect (${status}); give sluice its final address`,
    )
  }
  if (status > 599) {
    await response.body?.cancel().catch(() => {})
    return invalidAnswer(label, `answered with ${status}, which is no HTTP status`)
  }
  const text = await readBytes(response, label, MAX_ERROR_BYTES)
    .then(textOf)
    .catch(() => '')
  const found = parseError(text)
  const instead = ALTERNATIVES[path]
  if (instead && status === 404 && isMissingPath(found)) return missingPath(path, label, instead)
  const message =
    found?.message ?? `${label} answered ${status}${text === '' ? '' : `: ${textOfPage(text)}`}`
  const retryAfter = response.headers.get('retry-after')
  // Asked again it would be refused again: a client that is told of a failure would do so.
  const told = status >= 500 && found && isRequestError(found.message) ? 400 : status
  return new ApiError(told, new EngineErrors({ label, secrets }).redact(message), {
    evidence: 'answered',
    ...(found?.type && told === status && { type: found.type }),
    code: found?.code ?? (saysModelIsLoading(status, message) ? MODEL_LOADING : null),
    param: found?.param ?? null,
    details: found?.details ?? {},
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
  })
}

/** Whether it is the path that is not known, rather than a model: servers then say little. */
function isMissingPath(found: ReportedError | undefined): boolean {
  return found === undefined || (!found.code && !/model/i.test(found.message))
}

/** What to do about a server that lacks a path that not all have. */
const ALTERNATIVES: Record<string, string> = {
  '/completions': 'ask it for a chat, at POST /v1/chat/completions',
  '/embeddings': 'name a model that gives them',
}

function missingPath(path: string, label: string, instead: string): ApiError {
  const message = `model: ${label} knows no POST /v1${path}; ${instead}.`
  return new ApiError(404, message, { code: 'model_not_capable', param: 'model' })
}

function parseError(text: string): ReportedError | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string') return { message: value }
    if (typeof value !== 'object' || value === null) return undefined
    return readError(value as Record<string, unknown>) ?? readError({ error: value })
  } catch {
    return undefined
  }
}

/**
 * The words of a page, on one line. Each character is looked at a bounded number of times: a regular
 * expression that looks for the end of a tag from every `<` would take seconds for 64 KiB of them.
 */
function textOfPage(text: string): string {
  let words = ''
  for (let at = 0; at < text.length; ) {
    const tag = text.indexOf('<', at)
    const end = tag === -1 ? -1 : text.indexOf('>', tag)
    // What is never closed is no tag, and nothing behind it is one either.
    if (end === -1) return onOneLine(words + text.slice(at))
    words += `${text.slice(at, tag)} `
    at = end + 1
    const closing = SKIPPED_ELEMENTS.find(({ opens }) =>
      opens.test(text.slice(tag, tag + 8)),
    )?.closes
    if (closing !== undefined) at = indexFrom(text, closing, at)
  }
  return onOneLine(words)
}

/** Elements whose content is not for reading. */
const SKIPPED_ELEMENTS = [
  { opens: /^<style\b/i, closes: /<\/style/gi },
  { opens: /^<script\b/i, closes: /<\/script/gi },
]

/** Where a global pattern matches next; the text's length where it does not. */
function indexFrom(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

function onOneLine(words: string): string {
  return words.replace(/\s+/g, ' ').trim().slice(0, 200)
}

function invalidAnswer(label: string, did: string, cause?: unknown, evidence?: Evidence): ApiError {
  const details = { code: 'upstream_invalid', cause, ...(evidence && { evidence }) }
  return new ApiError(502, `${label} ${did}.`, details)
}
