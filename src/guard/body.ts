import { Cancelled } from '../stream/exchange.ts'
import { concat } from '../stream/frames.ts'
import { ApiError, badRequest } from '../wire/errors.ts'
import { MAX_DEPTH, nestsDeeper } from '../wire/json.ts'
import { decodeText } from '../wire/sse.ts'

/**
 * Reads a request's JSON body, at most `maxBytes` of it and for at most `timeout` milliseconds.
 * Throws an `ApiError`: 415 for a type that is not JSON, 413 for too much, 408 for too late, 400 for
 * what is not JSON; and `Cancelled` where the client breaks off.
 */
export async function readJsonBody(
  request: Request,
  maxBytes: number,
  timeout: number,
): Promise<unknown> {
  requireJson(request)
  const bytes = await readInTime(request, maxBytes, timeout)
  if (bytes.length === 0) throw badRequest('body: expected a JSON object, got nothing.')
  if (nestsDeeper(bytes, MAX_DEPTH)) {
    throw badRequest(`body: expected JSON nested at most ${MAX_DEPTH} levels deep, got more.`)
  }
  let text: string
  try {
    text = decodeText(bytes)
  } catch {
    throw badRequest('body: expected UTF-8, got other bytes.')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest(
      `body: expected JSON, got text that does not parse as JSON: ${excerpt(text)}. ` +
        'In a shell, put single quotes around it.',
    )
  }
}

/** A form or a plain text can be posted by any page without the browser asking; JSON can't. */
function requireJson(request: Request): void {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw unsupported(
      `content-encoding: expected none, got ${show(encoding)}; send it uncompressed.`,
    )
  }
  const type = request.headers.get('content-type')
  const essence = type?.split(';')[0]?.trim().toLowerCase()
  if (essence === 'application/json') return
  const came = type === null ? 'none' : show(type)
  throw unsupported(
    `content-type: expected application/json, got ${came}; with curl, add -H 'content-type: application/json'.`,
  )
}

function unsupported(message: string): ApiError {
  return new ApiError(415, message, { code: 'unsupported_media_type' })
}

/** One timer for the whole body: a client that sends a byte a second is never idle. */
async function readInTime(
  request: Request,
  maxBytes: number,
  timeout: number,
): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow(timeout)), timeout)
  try {
    return await Promise.race([readBytes(request, maxBytes, late.promise), late.promise])
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new Cancelled('the client broke off its request', { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Reads no more once `late` has rejected. */
async function readBytes(
  request: Request,
  maxBytes: number,
  late: Promise<never>,
): Promise<Uint8Array> {
  const announced = request.headers.get('content-length')
  if (announced !== null) {
    if (Number(announced) > maxBytes) throw tooLarge(maxBytes)
    return new Uint8Array(await request.arrayBuffer())
  }
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  const reader = request.body?.getReader()
  late.catch(() => reader?.cancel().catch(() => {}))
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    length += part.value.length
    if (length > maxBytes) {
      reader?.cancel().catch(() => {})
      throw tooLarge(maxBytes)
    }
    parts.push(part.value)
  }
  return concat(parts)
}

function tooLarge(maxBytes: number): ApiError {
  const message = `body: expected at most ${maxBytes} bytes, got more; --max-body allows more.`
  return new ApiError(413, message, { code: 'request_too_large' })
}

/** What still comes of it is not waited for: the connection closes. */
function tooSlow(timeout: number): ApiError {
  const message = `body: expected all of it within ${timeout / 1_000} s, got less; --body-timeout allows more.`
  return new ApiError(408, message, { code: 'request_timeout', headers: { connection: 'close' } })
}

function excerpt(text: string): string {
  return show(text.trim())
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
