/** Reads the bodies of requests, which are parsed in turns and in steps where they are large. */
import type { Steps } from '../util/slices.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { Cuts } from '../wire/json/cuts.ts'
import { Outline } from '../wire/json/outline.ts'
import { parseInSteps } from '../wire/json/parse-in-steps.ts'
import { scanInSteps } from '../wire/json/scan.ts'
import { keepSource } from '../wire/json/source.ts'
import { ImmediateParsing, ParseQueue, type QueuedBody } from './parse-queue.ts'
import {
  type BodyTap,
  decodeBody,
  notJson,
  parseBodyText,
  readJsonText,
  readRawBody,
  requireLimits,
} from './read-body.ts'

/** One queue for all handlers of a process, because they share its event loop. */
const queue = new ParseQueue()
const direct = new ImmediateParsing()

/**
 * Reads a request's JSON body of at most `maxBytes`. It may take `timeout` milliseconds to arrive, and the
 * same time again to wait for being parsed. `who` is the name of the client's key, or empty. Throws an
 * `ApiError`: 415 for a type other than JSON, 413 for too many bytes, 408 for a timeout, 400 if it is not
 * JSON or exceeds a limit, 503 if too many other bodies are waiting to be parsed; and `Cancelled` if the
 * client disconnects.
 */
export async function readJsonBody(
  request: Request,
  maxBytes: number,
  timeout: number,
  who = '',
  tap?: BodyTap,
): Promise<unknown> {
  return (await readJsonBytes(request, maxBytes, timeout, who, tap)).value
}

/** The same, with the bytes that were parsed, to be forwarded as they came. */
export async function readJsonBytes(
  request: Request,
  maxBytes: number,
  timeout: number,
  who = '',
  tap?: BodyTap,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; value: unknown }> {
  const bytes = await readJsonText(request, maxBytes, timeout, tap)
  const parsing = { signal: request.signal, timeout, who }
  return { bytes, value: await parseInTurn(bytes, parsing, parseBody, parseBodyInSteps) }
}

/** Reads another body than JSON and parses it, like `readJsonBody`. `advice`: how a client sends that type. */
export async function readParsedBody<T>(
  request: Request,
  expected: { type: string; advice: string },
  maxBytes: number,
  timeout: number,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
  who = '',
  tap?: BodyTap,
): Promise<T> {
  const bytes = await readRawBody(request, expected, maxBytes, timeout, tap)
  return parseInTurn(bytes, { signal: request.signal, timeout, who }, parse)
}

/** `inSteps`: how a large body is parsed, where that may take longer than a stream can wait. */
async function parseInTurn<T>(
  bytes: Uint8Array<ArrayBuffer>,
  wish: Omit<QueuedBody, 'bytes'>,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
  inSteps?: (bytes: Uint8Array<ArrayBuffer>) => Steps<T>,
): Promise<T> {
  if (direct.tryBegin(bytes.length)) return parseDirectly(bytes, parse)
  const body = { ...wish, bytes: bytes.length }
  try {
    if (inSteps !== undefined) return await queue.inTurn(body, inSteps(bytes))
    await queue.waitTurn(body)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new Cancelled('the client left', { cause: error })
  }
  return parse(bytes)
}

function parseDirectly<T>(
  bytes: Uint8Array<ArrayBuffer>,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): T {
  try {
    return parse(bytes)
  } finally {
    direct.end(bytes.length)
  }
}

/** Bytes from which on the text of a body is kept: a smaller one is serialized anew as fast. */
const KEPT_FROM = 16_384

function parseBody(bytes: Uint8Array<ArrayBuffer>): unknown {
  if (bytes.length < KEPT_FROM) return parseBodyText(bytes)
  const outline = new Outline()
  const value = parseBodyText(bytes, outline)
  keepSource(value, bytes, outline)
  return value
}

/** The same in steps. */
function* parseBodyInSteps(bytes: Uint8Array<ArrayBuffer>): Steps<unknown> {
  const outline = new Outline(new Cuts())
  const scan = yield* scanInSteps(bytes, outline)
  requireLimits(scan)
  try {
    const value = yield* parseInSteps(bytes, outline, scan, decodeBody)
    if (bytes.length >= KEPT_FROM) keepSource(value, bytes, outline)
    return value
  } catch (error) {
    throw notJson(error, bytes)
  }
}
