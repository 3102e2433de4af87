/** Parses the status line and the headers of an HTTP/1.1 response. Source: RFC 9112 §4 to §6. */

/** Header fields by lower-case name; repeated ones are joined as RFC 9110 §5.3 specifies. */
export class HeaderFields {
  readonly #values = new Map<string, string>()

  add(name: string, value: string): void {
    const known = this.#values.get(name)
    this.#values.set(name, known === undefined ? value : `${known}, ${value}`)
  }

  entries(): Iterable<[string, string]> {
    return this.#values.entries()
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null
  }
}

export interface ResponseHead {
  status: number
  headers: HeaderFields
  /** How the body ends: chunked, after so many bytes, or when the connection closes. */
  body: 'chunked' | 'until-close' | number
  /** Whether the connection can be reused. */
  keepsAlive: boolean
  /**
   * Whether the head breaks the rules in a way that another reader may understand differently. It is
   * read as HTTP clients usually do, but nothing else may come on its connection.
   */
  isIrregular: boolean
}

const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/
/**
 * Control characters other than NUL are let through: some servers quote a model's name or a prompt in
 * a header, which must not cost its answer. Only printable ASCII is passed on to clients.
 */
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):([^\r\n\0]*)$/
/** One length, or the same one several times (RFC 9112 §6.3). */
const LENGTH = /^(\d{1,15})(?:[ \t]*,[ \t]*\1)*$/
/** Fields that frame a body, which no trailer may hold (RFC 9110 §6.5.1). */
const FRAMING_FIELDS: readonly string[] = ['content-length', 'transfer-encoding']
/** Statuses whose responses have no body. */
export const BODILESS_STATUSES: readonly number[] = [204, 304]

/** Parses a head, including its empty line. Throws an `Error` that says what is wrong. */
export function parseHead(text: string): ResponseHead {
  // RFC 9112 §2.2 lets a bare LF end a line, and hand-written servers send it; a bare CR never does.
  const [first = '', ...lines] = text.split(/\r?\n/)
  const [, minor, code] = STATUS.exec(first) ?? []
  if (code === undefined) throw new Error(`expected an HTTP/1.1 status line, got ${quote(first)}`)
  const headers = parseFields(lines)
  const status = Number(code)
  const framing = bodyFraming(headers)
  const body = BODILESS_STATUSES.includes(status) || status < 200 ? 0 : framing
  const connection = headers
    .get('connection')
    ?.toLowerCase()
    .split(/[\s,]+/)
  const isKept = minor === '1' ? !connection?.includes('close') : connection?.includes('keep-alive')
  // No interim response has a body (RFC 9110 §15.2), but some readers believe its length.
  const isFramedInterim = status < 200 && FRAMING_FIELDS.some((name) => headers.get(name) !== null)
  const isIrregular = isFramedInterim || /(?:^|[^\r])\n/.test(text) || hasIrregularFraming(headers)
  const keepsAlive = isKept === true && body !== 'until-close' && !isIrregular
  return { status, headers, body, keepsAlive, isIrregular }
}

/**
 * Checks trailers, including their empty line; nothing of them is used. Throws an `Error`. Returns
 * whether they are irregular, as a head can be.
 */
export function checkTrailers(text: string): boolean {
  const fields = parseFields(text.split('\r\n'))
  return FRAMING_FIELDS.some((name) => fields.get(name) !== null)
}

function parseFields(lines: readonly string[]): HeaderFields {
  const fields = new HeaderFields()
  for (const line of lines) {
    if (line === '') continue
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined)
      throw new Error(`expected a header field, got ${quote(line)}`)
    fields.add(name.toLowerCase(), withoutSpace(value))
  }
  return fields
}

/** RFC 9112 §6.3. The fields are checked even where there is no body. */
function bodyFraming(headers: HeaderFields): ResponseHead['body'] {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  const [, digits] = LENGTH.exec(length ?? '') ?? []
  if (length !== null && digits === undefined)
    throw new Error(`content-length: expected one number, got ${quote(length)}`)
  if (coding === null) return digits === undefined ? 'until-close' : Number(digits)
  // It takes precedence over a length.
  if (coding.toLowerCase() === 'chunked') return 'chunked'
  throw new Error(`transfer-encoding: expected chunked, got ${quote(coding)}`)
}

/** A length beside a coding, or several: a proxy in between may have used the other one. */
function hasIrregularFraming(headers: HeaderFields): boolean {
  const length = headers.get('content-length')
  return length !== null && (length.includes(',') || headers.get('transfer-encoding') !== null)
}

/** Without the spaces and tabs around it (RFC 9110 §5.5); `trim` would remove 0xA0, too. */
function withoutSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
