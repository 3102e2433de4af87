/**
 * Reads the fields of a multipart body without changing a byte of it. Strict where parsers differ, since
 * the server behind sluice reads the same bytes again and must not find another model in them.
 * Source: RFC 7578, "multipart/form-data", and RFC 2046 §5.1.
 */
import { concat } from '../../util/bytes.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { badRequest } from '../errors/api-error.ts'
import { findAll } from './find-all.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** One field or file. */
export interface Part {
  name: string
  isFile: boolean
  /** The file's name, where it has one without an escape of another kind. */
  filename?: string
  /** Its media type, where it has one, in lower case and without parameters. */
  type?: string
  /** Where its content is in the body. */
  start: number
  end: number
}

/** The most fields and files: an image edit has 16 images, and no other request more than a dozen. */
const MAX_PARTS = 100

/** The most bytes of the headers of one part. */
const MAX_HEAD = 4_096

/** The most bytes of a field that is read as text. */
const MAX_TEXT = 1_000_000

const CR = 13
const LF = 10
const DASH = 45

const encoder = new TextEncoder()
const latin1 = (bytes: Bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')

/** The boundary of a content type. Throws an `ApiError` (400) where there is none, or an unclear one. */
export function boundaryOf(type: string): string {
  const found = [...type.matchAll(/;\s*boundary\s*=\s*(?:"([^"\\]*)"|([^\s;"]*))/gi)]
  const [first] = found
  const boundary = first?.[1] ?? first?.[2] ?? ''
  const isClear = found.length === 1 && /^[\w'()+,./:=?-]{1,70}$/.test(boundary)
  if (isClear) return boundary
  throw badRequest(
    `content-type: expected multipart/form-data with one boundary of 1 to 70 letters, digits and usual marks, got ${quoted(type)}; let the HTTP client write this header.`,
  )
}

/** The content type for a boundary, in the one form that no parser reads in another way. */
export function multipartType(boundary: string): string {
  const isToken = /^[\w'+.-]+$/.test(boundary)
  return `multipart/form-data; boundary=${isToken ? boundary : `"${boundary}"`}`
}

/** All parts, in their order. Throws an `ApiError` (400) for what parsers may read in different ways. */
export function parseMultipart(body: Bytes, boundary: string): Part[] {
  const mark = encoder.encode(`--${boundary}`)
  const marks = findAll(body, mark, MAX_PARTS + 2)
  if (marks[0] !== 0) throw malformed('the boundary at its start', 'other bytes')
  if (marks.length > MAX_PARTS + 1) {
    throw badRequest(`body: expected at most ${MAX_PARTS} fields and files, got more; send fewer.`)
  }
  const parts: Part[] = []
  for (const [index, at] of marks.entries()) {
    const after = at + mark.length
    const isLast = index === marks.length - 1
    if (at > 0 && !isLine(body, at - 2)) {
      throw malformed('each boundary on a line of its own', 'one within a line')
    }
    if (isLast) requireEnd(body, after)
    else if (!isLine(body, after)) throw malformed('CR LF after each boundary', 'other bytes')
    else parts.push(readPart(body, after + 2, (marks[index + 1] as number) - 2))
  }
  return parts
}

/** The text of a field. Throws an `ApiError` (400) where it is not UTF-8, or very long. */
export function textOfPart(body: Bytes, { name, start, end }: Part): string {
  if (end - start > MAX_TEXT) {
    throw badRequest(`${name}: expected at most ${MAX_TEXT} bytes, got more; send less.`, name)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      body.subarray(start, end),
    )
  } catch {
    throw badRequest(`${name}: expected UTF-8, got other bytes; encode the field as UTF-8.`, name)
  }
}

/** The same body with another content of a field, or with the field as the first one where it has none. */
export function withField(
  body: Bytes,
  boundary: string,
  part: Part | undefined,
  name: string,
  text: string,
): Bytes {
  const content = encoder.encode(text)
  if (part !== undefined) {
    return concat([body.subarray(0, part.start), content, body.subarray(part.end)])
  }
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n`
  return concat([encoder.encode(head), content, encoder.encode('\r\n'), body])
}

function readPart(body: Bytes, start: number, end: number): Part {
  const most = Math.min(end, start + MAX_HEAD)
  let at = start
  while (at < most && !(isLine(body, at) && isLine(body, at + 2))) at++
  if (at >= most) throw malformed(`headers of at most ${MAX_HEAD} bytes in each part`, 'others')
  const lines = latin1(body.subarray(start, at)).split('\r\n')
  const [disposition = '', another] = linesOf(lines, 'content-disposition')
  const isOdd = another !== undefined || lines.some((line) => ODD_LINE.test(line))
  const fields = isOdd ? undefined : parametersOf(disposition)
  const name = utf8(fields?.get('name') ?? '')
  if (fields === undefined || name === '') {
    throw malformed(
      'one header content-disposition in each part, with a name and at most a file name',
      'another form',
    )
  }
  const filename = fields.get('filename')
  const isFile = filename !== undefined || fields.has('filename*')
  const type = typeOf(lines, isFile)
  return {
    ...{ name, isFile, start: at + 4, end },
    ...(filename !== undefined && { filename: utf8(filename) }),
    ...(type !== undefined && { type }),
  }
}

function linesOf(lines: readonly string[], header: string): string[] {
  return lines.filter((line) => (line.split(':')[0] ?? '').trim().toLowerCase() === header)
}

/** The media type of a part. Throws an `ApiError` (400) for one in which servers may find another text. */
function typeOf(lines: readonly string[], isFile: boolean): string | undefined {
  const [line, another] = linesOf(lines, 'content-type')
  if (line === undefined) return undefined
  const value = line.slice(line.indexOf(':') + 1)
  const charsets = [...value.matchAll(/charset[*\d]*\s*=\s*"?([^\s;"]*)/gi)].map(([, name]) => name)
  const isUtf8 = isFile || charsets.every((name = '') => /^utf-?8$/i.test(name))
  const [type = ''] = value.split(';')
  const essence = type.trim().toLowerCase()
  if (another !== undefined || !isUtf8 || essence.startsWith('multipart/')) {
    throw malformed('fields of UTF-8 text and no forms within a form', 'another content type')
  }
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(essence) ? essence : undefined
}

/** A folded line, one with a control character, and an encoding that not all servers undo. */
const ODD_LINE =
  /^\s|[^\t\x20-\x7e\x80-\xff]|^content-transfer-encoding\s*:(?!\s*(?:7bit|8bit|binary)\s*$)/i

/**
 * Only a file's name may have escapes, which browsers no longer write but curl does. No text fits two of
 * the alternatives. `name*` would be a second name, in an encoding that not all parsers know.
 */
const DISPOSITION =
  /^content-disposition: ?form-data((?:; ?(?:filename="(?:[^"\\]|\\.)*"|name="[^"\\]*"|(?:name|filename\*?)=[^\s;"\\]+))*)$/i

const PARAMETER = /; ?([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;]+))/gi

/** Also within quotes, where llama.cpp's server divides the header regardless of them. */
const ANY_NAME = /;[\s"\\]*(?:file)?name[*\d]*[\s"\\]*=/gi

/** The parameters of the header; undefined where they repeat or parsers may read them differently. */
function parametersOf(line: string): Map<string, string> | undefined {
  const [, rest] = DISPOSITION.exec(line) ?? []
  if (rest === undefined) return undefined
  const fields = new Map<string, string>()
  for (const [, key = '', text, word] of rest.matchAll(PARAMETER)) {
    const lower = key.toLowerCase()
    const value = (text ?? word ?? '').replace(/\\(.)/g, '$1')
    if (fields.has(lower) || (lower === 'name' && value.includes('=?'))) return undefined
    fields.set(lower, value)
  }
  return rest.match(ANY_NAME)?.length === fields.size ? fields : undefined
}

/** With a byte order mark, which other parsers keep. */
function utf8(text: string): string {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function requireEnd(body: Bytes, at: number): void {
  const isEnd = body[at] === DASH && body[at + 1] === DASH
  const rest = body.subarray(at + 2)
  const isAll = rest.length === 0 || (rest.length === 2 && isLine(body, at + 2))
  if (!isEnd || !isAll) throw malformed('the closing boundary at its end', 'other bytes')
}

/** Whether a line ends there. */
function isLine(body: Bytes, at: number): boolean {
  return body[at] === CR && body[at + 1] === LF
}

function malformed(expected: string, got: string): Error {
  return badRequest(
    `body: expected multipart/form-data with ${expected}, got ${got}; let the HTTP client write the body, as with curl -F.`,
  )
}
