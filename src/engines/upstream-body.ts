/** What an upstream says that is not a stream: whole answers, and refusals. */

import { concat } from '../stream/frames.ts'
import { EngineErrors } from '../wire/engine-errors.ts'
import { ApiError } from '../wire/errors.ts'
import { errorOf } from '../wire/foreign-error.ts'
import { nestsDeeper } from '../wire/json.ts'
import { decodeText, encodeText } from '../wire/sse.ts'

/** Bytes of the longest answer read whole. */
const MAX_ANSWER = 64 * 1024 * 1024
/** Bytes of the longest error read. */
const MAX_ERROR = 64 * 1024
/** Levels that answers may nest: deeper ones take seconds to write anew. */
const MAX_DEPTH = 64

/** The body's text. Throws an `ApiError` (502) where it breaks off, is too long or is no UTF-8. */
export async function readText(
  response: Response,
  label: string,
  limit = MAX_ANSWER,
): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      parts.push(part.value)
      length += part.value.length
      if (length <= limit) continue
      await reader?.cancel()
      throw broken(label, `sent an answer longer than ${limit} bytes`)
    }
    return decodeText(concat(parts))
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    const did =
      cause instanceof TypeError && length > 0
        ? 'sent an answer that broke off or is not UTF-8'
        : 'broke off its answer'
    throw broken(label, did, cause)
  }
}

/** The body as JSON, and its text. Throws an `ApiError` (502). */
export async function readJson(
  response: Response,
  label: string,
): Promise<{ json: string; value: unknown }> {
  const json = await readText(response, label)
  if (nestsDeeper(encodeText(json), MAX_DEPTH)) {
    throw broken(label, `sent JSON nested deeper than ${MAX_DEPTH} levels`)
  }
  try {
    return { json, value: JSON.parse(json) }
  } catch (cause) {
    throw broken(label, 'sent an answer that is not JSON', cause)
  }
}

/** An upstream's refusal, with its own status and message, in OpenAI's shape. */
export async function refusal(
  response: Response,
  label: string,
  secrets: readonly string[],
): Promise<ApiError> {
  const { status } = response
  if (status < 400) {
    await response.body?.cancel().catch(() => {})
    return broken(label, `answered with a redirect (${status}); give sluice its final address`)
  }
  const text = await readText(response, label, MAX_ERROR).catch(() => '')
  const found = parseError(text)
  const message =
    found?.message ?? `${label} answered ${status}${text === '' ? '' : `: ${plain(text)}`}`
  const retryAfter = response.headers.get('retry-after')
  return new ApiError(status, new EngineErrors({ label, secrets }).shown(message), {
    ...(found?.type && { type: found.type }),
    code: found?.code ?? null,
    param: found?.param ?? null,
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
  })
}

function parseError(text: string) {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string') return { message: value }
    if (typeof value !== 'object' || value === null) return undefined
    return errorOf(value as Record<string, unknown>) ?? errorOf({ error: value })
  } catch {
    return undefined
  }
}

/** The words of a page, on one line. */
function plain(text: string): string {
  const words = text.replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')
  return words.replace(/\s+/g, ' ').trim().slice(0, 200)
}

function broken(label: string, did: string, cause?: unknown): ApiError {
  return new ApiError(502, `${label} ${did}.`, { code: 'upstream_invalid', cause })
}
