/** The first part of an HTTP/1.1 response. Source: RFC 9112, "HTTP/1.1", §4 to §6. */

/** Header fields by their names in lower case; repeated ones joined as RFC 9110 §5.3 says. */
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
  /** How long the body is: in chunks, so many bytes, or until the connection closes. */
  body: 'chunked' | 'until-close' | number
  /** Whether the connection may carry another request. */
  keepsAlive: boolean
}

const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):(.*)$/
/** Statuses whose answers have no body. */
export const BODILESS_STATUSES: readonly number[] = [204, 304]

/** Reads a head's text, empty line and all. Throws an `Error` that says what is wrong. */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\n').map(withoutCr)
  const [, minor, code] = STATUS.exec(first) ?? []
  if (code === undefined) throw new Error(`not an HTTP/1.1 answer: ${quote(first)}`)
  const headers = new HeaderFields()
  for (const line of lines) {
    if (line === '') continue
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no header: ${quote(line)}`)
    headers.add(name.toLowerCase(), value.trim())
  }
  const status = Number(code)
  const body = bodyFraming(status, headers)
  const connection = headers
    .get('connection')
    ?.toLowerCase()
    .split(/[\s,]+/)
  const isKept = minor === '1' ? !connection?.includes('close') : connection?.includes('keep-alive')
  // A server that names two lengths may mean something else by the bytes that follow.
  const isSure = !(headers.get('transfer-encoding') && headers.get('content-length'))
  return { status, headers, body, keepsAlive: isKept === true && isSure && body !== 'until-close' }
}

/** RFC 9112 §6.3. */
function bodyFraming(status: number, headers: HeaderFields): ResponseHead['body'] {
  if (BODILESS_STATUSES.includes(status) || status < 200) return 0
  const coding = headers.get('transfer-encoding')
  if (coding !== null) {
    if (coding.toLowerCase() === 'chunked') return 'chunked'
    throw new Error(`unknown transfer-encoding: ${quote(coding)}`)
  }
  const announced = headers.get('content-length')
  if (announced === null || announced === '') return 'until-close'
  const lengths = new Set(announced.split(/\s*,\s*/))
  const [length = ''] = lengths
  if (lengths.size === 1 && /^\d{1,15}$/.test(length)) return Number(length)
  throw new Error(`no length: ${quote([...lengths].join(', '))}`)
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
