/**
 * Parses HTTP/1.1 responses from packets with arbitrary boundaries, without copying their bodies.
 * Source: RFC 9112, "HTTP/1.1", §6 and §7.
 */
import { EXTENSIONS, IRREGULAR_EXTENSIONS } from './chunk-extensions.ts'
import { checkTrailers, parseHead, type ResponseHead } from './response-head.ts'

const LF = 10
const CR = 13
const SEMICOLON = 59
const SPACE = 32
const TAB = 9
/** The bytes that may follow a chunk size. */
const AFTER_SIZE: readonly number[] = [CR, SEMICOLON, SPACE, TAB]
/** The most bytes of a head, and of all trailers. */
const MAX_HEAD = 64 * 1024
/** The most bytes of a chunk-size line. */
const MAX_SIZE_LINE = 4096

/** The most interim responses (1xx) before a response: a server could send them without an end. */
const MAX_INTERIM = 100

/** The value of a hexadecimal digit by its byte; -1 for every other byte. */
const HEX = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  HEX[digit.charCodeAt(0)] = HEX[digit.toUpperCase().charCodeAt(0)] = value
}

export interface ResponseSink {
  head(head: ResponseHead): void
  /** `bytes[start, end)` is part of the body. */
  payload(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void
  /** The body is complete. What follows is the next response. */
  end(): void
}

type State =
  | 'head'
  | 'size'
  | 'extension'
  | 'data'
  | 'data-end'
  | 'trailer'
  | 'length'
  | 'until-close'

/** Parses one response after another. */
export class ResponseParser {
  /** Whether the next response has no body, whatever its head says of one (RFC 9112 §6.3). */
  isHead = false
  readonly #sink: ResponseSink
  #state: State = 'head'
  /** The head, the trailers or the chunk extensions so far. */
  #text = ''
  #isWhole = false
  #interimCount = 0
  /** Bytes of the chunk or body still to come; in state `size` the size parsed so far. */
  #remaining = 0
  /** Bytes of the current line of a head, a chunk size or a trailer. */
  #lineLength = 0
  #isIrregular = false

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** Throws an `Error` that says what is wrong with the response. */
  push(bytes: Uint8Array<ArrayBuffer>): void {
    let at = 0
    while (at < bytes.length) at = this.#step(bytes, at)
  }

  /** Whether the last byte received was the last of a response. */
  get isBetweenResponses(): boolean {
    return this.#state === 'head' && this.#text === ''
  }

  /**
   * Whether something was read that breaks the rules in a way that another reader may understand
   * differently, so that nothing else may come on this connection.
   */
  get isIrregular(): boolean {
    return this.#isIrregular
  }

  /** The connection has ended. `isClean`: the server closed it, rather than resetting it. */
  close(isClean: boolean): void {
    if (this.#state === 'until-close' && isClean) this.#end()
  }

  #step(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    switch (this.#state) {
      case 'size':
        return this.#size(bytes, this.#lineLength === 0 ? this.#wholeChunks(bytes, at) : at)
      case 'extension':
        return this.#extension(bytes, at)
      case 'data-end':
        return this.#dataEnd(bytes, at)
      case 'trailer':
        return this.#trailers(bytes, at)
      case 'head':
        return this.#head(bytes, at)
      default:
        return this.#body(bytes, at)
    }
  }

  /** The fast path: passes on the chunks that lie entirely within the packet, as nearly all do. */
  #wholeChunks(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const { length } = bytes
    let at = from
    for (;;) {
      let size = 0
      let i = at
      for (let digit = 0; i < length; i++) {
        digit = HEX[bytes[i] as number] as number
        if (digit === -1) break
        size = size * 16 + digit
      }
      const start = i + 2
      const end = start + size
      if (size === 0 || end + 2 > length) return at
      if (bytes[i] !== CR || bytes[i + 1] !== LF) return at
      if (bytes[end] !== CR || bytes[end + 1] !== LF) return at
      this.#sink.payload(bytes, start, end)
      at = end + 2
    }
  }

  #size(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const digit = HEX[bytes[at] as number] as number
      if (digit === -1) {
        if (this.#lineLength === 0 || !AFTER_SIZE.includes(bytes[at] as number)) {
          throw new Error('chunked body: expected a chunk size in hexadecimal digits')
        }
        this.#state = 'extension'
        return at
      }
      this.#remaining = this.#remaining * 16 + digit
      this.#lineLength++
      if (this.#remaining > Number.MAX_SAFE_INTEGER || this.#lineLength > MAX_SIZE_LINE)
        throw new Error('chunked body: a chunk size is too large')
    }
    return bytes.length
  }

  /** Skips chunk extensions, up to the end of their line. */
  #extension(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const end = bytes.indexOf(LF, from)
    const to = end === -1 ? bytes.length : end
    this.#lineLength += to - from
    if (this.#lineLength > MAX_SIZE_LINE)
      throw new Error('chunked body: a chunk extension is too long')
    const isNone = this.#text === '' && to === from + 1 && bytes[from] === CR
    const text = isNone ? '\r' : this.#text + decodeLatin1(bytes.subarray(from, to))
    this.#text = end === -1 ? text : ''
    if (end === -1) return bytes.length
    if (!isNone && !EXTENSIONS.test(text)) {
      if (!IRREGULAR_EXTENSIONS.test(text))
        throw new Error('chunked body: expected CR LF or extensions after a chunk size')
      this.#isIrregular = true
    }
    this.#lineLength = 0
    this.#state = this.#remaining === 0 ? 'trailer' : 'data'
    return end + 1
  }

  #dataEnd(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    const byte = bytes[at]
    if (byte === CR && this.#lineLength === 0) this.#lineLength = 1
    else if (byte === LF && this.#lineLength === 1) {
      this.#lineLength = 0
      this.#state = 'size'
    } else throw new Error('chunked body: a chunk is longer than its size, or no CR LF follows it')
    return at + 1
  }

  #trailers(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    // Nearly all bodies end without any.
    if (this.#text === '' && bytes[from] === CR && bytes[from + 1] === LF) {
      this.#end()
      return from + 2
    }
    const end = this.#fields(bytes, from, 'trailers')
    const text = this.#wholeText()
    if (text === undefined) return end
    if (checkTrailers(text)) this.#isIrregular = true
    this.#end()
    return end
  }

  #body(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    const end = Math.min(bytes.length, at + this.#remaining)
    this.#remaining -= end - at
    this.#sink.payload(bytes, at, end)
    if (this.#remaining === 0) {
      if (this.#state === 'data') this.#state = 'data-end'
      else this.#end()
    }
    return end
  }

  #head(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const end = this.#fields(bytes, from, 'headers')
    const text = this.#wholeText()
    if (text === undefined) return end
    const head = parseHead(text)
    if (head.isIrregular) this.#isIrregular = true
    // 1xx is an interim response: the final one follows.
    if (head.status >= 200) this.#begin(head)
    else if (head.status === 101)
      throw new Error(
        'the server switched to another protocol (status 101), which was not requested',
      )
    else if (++this.#interimCount > MAX_INTERIM)
      throw new Error(`the server sent more than ${MAX_INTERIM} interim responses (1xx)`)
    return end
  }

  /** Collects a head or trailers, up to the empty line after them. */
  #fields(bytes: Uint8Array<ArrayBuffer>, from: number, what: string): number {
    const end = this.#endOfFields(bytes, from)
    if (this.#text.length + end - from > MAX_HEAD)
      throw new Error(`the ${what} are longer than ${MAX_HEAD} bytes`)
    this.#text += decodeLatin1(bytes.subarray(from, end))
    return end
  }

  /** The collected text, once it is whole. */
  #wholeText(): string | undefined {
    if (!this.#isWhole) return undefined
    const text = this.#text
    this.#text = ''
    this.#isWhole = false
    return text
  }

  /**
   * The position after the empty line, or the end of the packet. Lines may end with LF here: their
   * ends are checked when they are parsed.
   */
  #endOfFields(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    // Scans no further than the longest head, however long the packet.
    const most = Math.min(bytes.length, from + MAX_HEAD + 1)
    for (let at = from; at < most; at++) {
      const byte = bytes[at]
      if (byte === CR) continue
      if (byte !== LF) this.#lineLength++
      else if (this.#lineLength > 0) this.#lineLength = 0
      else {
        this.#isWhole = true
        return at + 1
      }
    }
    return most
  }

  #begin(head: ResponseHead): void {
    const body = this.isHead ? 0 : head.body
    this.#lineLength = 0
    this.#interimCount = 0
    this.#remaining =
      body === 'chunked' ? 0 : body === 'until-close' ? Number.POSITIVE_INFINITY : body
    this.#state = body === 'chunked' ? 'size' : body === 'until-close' ? body : 'length'
    this.#sink.head(head)
    if (body === 0) this.#end()
  }

  #end(): void {
    this.#state = 'head'
    this.#lineLength = 0
    this.#sink.end()
  }
}

/** Bytes decoded per call: each is an argument of `String.fromCharCode`. */
const MAX_ARGUMENTS = 8_192

const ascii = new TextDecoder()

/**
 * Decodes ISO 8859-1: each byte is the code point of the same number. `TextDecoder('latin1')`
 * decodes windows-1252 instead, in which 0x80 is U+20AC. Nearly all heads are ASCII, which a decoder
 * reads in a twentieth of the time.
 */
function decodeLatin1(bytes: Uint8Array): string {
  if (isAscii(bytes)) return ascii.decode(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(at, at + MAX_ARGUMENTS))
  }
  return text
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] as number) > 127) return false
  return true
}
