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
}

const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):(.*)$/
/** Statuses whose responses have no body. */
export const BODILESS_STATUSES: readonly number[] = [204, 304]

/** Parses a head, including its empty line. Throws an `Error` that says what is wrong. */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\n').map(withoutCr)
  const [, minor, code] = STATUS.exec(first) ?? []
  if (code === undefined) throw new Error(`expected an HTTP/1.1 status line, got ${quote(first)}`)
  const headers = new HeaderFields()
  for (const line of lines) {
    if (line === '') continue
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined)
      throw new Error(`expected a header field, got ${quote(line)}`)
    headers.add(name.toLowerCase(), withoutSpace(value))
  }
  const status = Number(code)
  const body = bodyFraming(status, headers)
  const connection = headers
    .get('connection')
    ?.toLowerCase()
    .split(/[\s,]+/)
  const isKept = minor === '1' ? !connection?.includes('close') : connection?.includes('keep-alive')
  // With both, the length is ambiguous (request smuggling, RFC 9112 §6.1): do not reuse the
  // connection.
  const isUnambiguous = !(headers.get('transfer-encoding') && headers.get('content-length'))
  return {
    status,
    headers,
    body,
    keepsAlive: isKept === true && isUnambiguous && body !== 'until-close',
  }
}

/** RFC 9112 §6.3. */
function bodyFraming(status: number, headers: HeaderFields): ResponseHead['body'] {
  if (BODILESS_STATUSES.includes(status) || status < 200) return 0
  const coding = headers.get('transfer-encoding')
  if (coding !== null) {
    if (coding.toLowerCase() === 'chunked') return 'chunked'
    throw new Error(`transfer-encoding: expected chunked, got ${quote(coding)}`)
  }
  const lengthField = headers.get('content-length')
  if (lengthField === null || lengthField === '') return 'until-close'
  const lengths = new Set(lengthField.split(',').map((each) => each.trim()))
  const [length = ''] = lengths
  if (lengths.size === 1 && /^\d{1,15}$/.test(length)) return Number(length)
  throw new Error(`content-length: expected one number, got ${quote([...lengths].join(', '))}`)
}

/** Without the spaces and tabs around it (RFC 9110 §5.5); `trim` would remove 0xA0, too. */
function withoutSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (start < end && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
