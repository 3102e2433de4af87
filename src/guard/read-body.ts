/** Reads the body of a request, and parses JSON. */
import { ApiError, badRequest } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { MAX_DEPTH } from '../wire/json/depth.ts'
import { parseExact } from '../wire/json/exact-integers.ts'
import type { Outline } from '../wire/json/outline.ts'
import {
  type JsonScan,
  MAX_KEYS,
  MAX_LONG_INTEGERS,
  MAX_VALUES,
  scanJson,
} from '../wire/json/scan.ts'
import { decodeText } from '../wire/sse/sse.ts'

/** Sees the bytes of a body before they are parsed. */
export interface BodyTap {
  onBody(bytes: Uint8Array<ArrayBuffer>): void
}

/** Reads the JSON body of a request: see `readJsonBody` of body.ts. */
export type ReadJson = (
  request: Request,
  maxBytes: number,
  timeout: number,
  who?: string,
  tap?: BodyTap,
) => Promise<unknown>

/** Reads a JSON body, and parses it at once, however large it is. */
export const readJsonAtOnce: ReadJson = async (request, maxBytes, timeout, _, tap) =>
  parseBodyText(await readJsonText(request, maxBytes, timeout, tap))

/** The bytes of a JSON body. Rejects with an `ApiError`, or `Cancelled` if the client disconnects. */
export async function readJsonText(
  request: Request,
  maxBytes: number,
  timeout: number,
  tap?: BodyTap,
): Promise<Uint8Array<ArrayBuffer>> {
  requireType(request, 'application/json', "with curl, add -H 'content-type: application/json'")
  const bytes = withoutBom(await readInTime(request, maxBytes, timeout, tap))
  if (bytes.length > 0) return bytes
  throw badRequest('body: expected a JSON object, got an empty body; send the request as JSON.')
}

/** Reads a body that is not parsed, like `readJsonBody`. `advice`: how a client sends that type. */
export async function readRawBody(
  request: Request,
  { type, advice }: { type?: string; advice: string },
  maxBytes: number,
  timeout: number,
  tap?: BodyTap,
): Promise<Uint8Array<ArrayBuffer>> {
  requireType(request, type, advice)
  return readInTime(request, maxBytes, timeout, tap)
}

/** Without a byte order mark, which some editors write (RFC 8259 §8.1 lets a parser ignore it). */
function withoutBom(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return isMarked ? bytes.subarray(3) : bytes
}

/** The value of a JSON text. `outline`: notes where its fields are. Throws an `ApiError` (400). */
export function parseBodyText(bytes: Uint8Array<ArrayBuffer>, outline?: Outline): unknown {
  const scan = scanJson(bytes, outline)
  requireLimits(scan)
  try {
    return parseExact(bytes, scan, decodeBody)
  } catch (error) {
    throw notJson(error, bytes)
  }
}

/** Throws an `ApiError` (400) for what was found when the text was scanned. */
export function requireLimits({ exceeds, duplicate, otherCase }: JsonScan): void {
  if (exceeds !== undefined) throw badRequest(`body: ${LIMIT_MESSAGES[exceeds]}`)
  if (duplicate !== undefined) {
    throw badRequest(
      `${duplicate}: expected once, got twice in the same object; remove one.`,
      duplicate,
    )
  }
  if (otherCase !== undefined) {
    const { key, name } = otherCase
    const message = `${name}: expected this name in lower case, got ${show(key)}, which some servers read as the same field; write ${show(name)}, or leave it out.`
    throw badRequest(message, name)
  }
}

/** What a client is told of text that could not be parsed. */
export function notJson(error: unknown, bytes: Uint8Array): ApiError {
  if (error instanceof ApiError) return error
  return badRequest(
    `body: expected JSON, got text that does not parse as JSON: ${excerpt(decodeBody(bytes))}. ` +
      'In a shell, put single quotes around it.',
  )
}

const LIMIT_MESSAGES = {
  depth: `expected JSON nested at most ${MAX_DEPTH} levels deep, got more; flatten it.`,
  values: `expected at most ${MAX_VALUES} values, counting each array, object, element and field, got more; send several smaller requests.`,
  keys: `expected at most ${MAX_KEYS} keys in all objects together, got more; send several smaller requests.`,
  long: `expected at most ${MAX_LONG_INTEGERS} integers of 16 digits or more, got more; send them as strings.`,
  double:
    'expected numbers up to about 1.8e308, the largest that a double holds, got a larger one; send it as a string.',
}

export function decodeBody(bytes: Uint8Array): string {
  try {
    return decodeText(bytes)
  } catch {
    throw badRequest('body: expected UTF-8, got bytes that are not; encode the request as UTF-8.')
  }
}

/**
 * Any web page can post forms and plain text without a CORS preflight, but not JSON: what a form may hold
 * is protected by the check of its origin alone.
 */
function requireType(request: Request, expected: string | undefined, advice: string): void {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw unsupported(
      `content-encoding: expected none, got ${show(encoding)}; send it uncompressed.`,
    )
  }
  const type = request.headers.get('content-type')
  const essence = type?.split(';')[0]?.trim().toLowerCase()
  if (expected === undefined || essence === expected) return
  const came = type === null ? 'none' : show(type)
  throw unsupported(`content-type: expected ${expected}, got ${came}; ${advice}.`)
}

function unsupported(message: string): ApiError {
  return new ApiError(415, message, { code: 'unsupported_media_type' })
}

/** One timer for the whole body, because a client that sends one byte per second is never idle. */
async function readInTime(
  request: Request,
  maxBytes: number,
  timeout: number,
  tap: BodyTap | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow(timeout)), timeout)
  try {
    const reading = readBytes(request, maxBytes, late.promise)
    const bytes = await Promise.race([reading, late.promise])
    tap?.onBody(bytes)
    return bytes
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new Cancelled('the client disconnected before it had sent its request', { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Bytes of a body below which joining its parts takes a millisecond at most. */
const JOINED_BELOW = 4_500_000

/** Stops reading when `late` rejects. */
async function readBytes(
  request: Request,
  maxBytes: number,
  late: Promise<never>,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get('content-length')
  const announced = header === null ? undefined : Number(header)
  if (announced !== undefined && announced > maxBytes) throw tooLarge(maxBytes)
  // `arrayBuffer()` joins all parts of a body at its end: a dozen bodies of 18 MB at once stalled all
  // streams for 0.4 s on Node and 0.8 s on Deno. Reading 1 MB by parts takes Node 0.7 ms longer.
  const isJoined = announced !== undefined && announced < JOINED_BELOW
  if (isJoined) {
    const joined = new Uint8Array(await request.arrayBuffer())
    // Whoever mounts the handler may have replaced the body, such as by a decompressed one, and not the header.
    if (joined.length > maxBytes) throw tooLarge(maxBytes)
    return joined
  }
  const reader = request.body?.getReader()
  late.catch(() => reader?.cancel().catch(() => {}))
  let bytes = new Uint8Array(0)
  let length = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const end = length + part.value.length
    if (end > maxBytes) {
      reader?.cancel().catch(() => {})
      throw tooLarge(maxBytes)
    }
    if (end > bytes.length) bytes = grown(bytes, end, announced)
    bytes.set(part.value, length)
    length = end
  }
  return bytes.subarray(0, length)
}

/**
 * What must have arrived before memory is reserved for all that `content-length` announced: so many bytes, or
 * this share.
 */
const RESERVE_AFTER = { bytes: 1_000_000, share: 1 / 8 }

/** A larger copy: of the announced length, or of twice the needed bytes. */
function grown(bytes: Uint8Array, needed: number, announced = 0): Uint8Array<ArrayBuffer> {
  const isLikely = needed > Math.min(RESERVE_AFTER.bytes, RESERVE_AFTER.share * announced)
  const likely = isLikely && announced > 0 ? announced : 2 * needed
  const larger = new Uint8Array(Math.max(needed, likely))
  larger.set(bytes)
  return larger
}

function tooLarge(maxBytes: number): ApiError {
  const message = `body: expected at most ${maxBytes} bytes, got more; --max-body allows more.`
  return new ApiError(413, message, { code: 'request_too_large' })
}

/** Closes the connection, so that the rest of the body is not read. */
function tooSlow(timeout: number): ApiError {
  const message = `body: expected all of it within ${timeout / 1_000} s, got only a part; send it faster, or raise --body-timeout.`
  return new ApiError(408, message, { code: 'request_timeout', headers: { connection: 'close' } })
}

function excerpt(text: string): string {
  return show(text.trim())
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
