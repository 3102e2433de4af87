/**
 * Parses HTTP/1.1 responses from packets with arbitrary boundaries, without copying their bodies.
 * Source: RFC 9112, "HTTP/1.1", §6 and §7.
 */
import { parseHead, type ResponseHead } from './response-head.ts'

const LF = 10
const CR = 13
/** The most bytes of a head, and of all trailers. */
const MAX_HEAD = 64 * 1024
/** The most bytes of a chunk-size line. */
const MAX_SIZE_LINE = 4096

/** What may follow a chunk size: CR, LF, or the beginning of an extension (`;`, space, tab). */
const AFTER_SIZE = [CR, LF, 59, 32, 9]

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
  readonly #sink: ResponseSink
  #state: State = 'head'
  /** The head so far. */
  #head = ''
  #isHeadWhole = false
  /** Bytes of the chunk or body still to come; in state `size` the size parsed so far. */
  #remaining = 0
  /** Bytes of the current line of a head, a chunk size or a trailer. */
  #lineLength = 0
  #trailerLength = 0

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
    return this.#state === 'head' && this.#head === ''
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
        return this.#trailer(bytes, at)
      case 'head':
        return this.#readHead(bytes, at)
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

  /** Skips a chunk extension, up to the end of its line. */
  #extension(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const end = bytes.indexOf(LF, from)
    this.#lineLength += (end === -1 ? bytes.length : end) - from
    if (this.#lineLength > MAX_SIZE_LINE)
      throw new Error('chunked body: a chunk extension is too long')
    if (end === -1) return bytes.length
    this.#lineLength = 0
    this.#state = this.#remaining === 0 ? 'trailer' : 'data'
    return end + 1
  }

  #dataEnd(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    const byte = bytes[at]
    if (byte === CR && this.#lineLength === 0) this.#lineLength = 1
    else if (byte === LF) {
      this.#lineLength = 0
      this.#state = 'size'
    } else throw new Error('chunked body: a chunk is longer than its size')
    return at + 1
  }

  #trailer(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (++this.#trailerLength > MAX_HEAD)
        throw new Error(`the trailers are longer than ${MAX_HEAD} bytes`)
      if (bytes[at] === CR) continue
      if (bytes[at] !== LF) this.#lineLength++
      else if (this.#lineLength > 0) this.#lineLength = 0
      else {
        this.#end()
        return at + 1
      }
    }
    return bytes.length
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

  #readHead(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const end = this.#endOfHead(bytes, from)
    if (this.#head.length + end - from > MAX_HEAD)
      throw new Error(`the headers are longer than ${MAX_HEAD} bytes`)
    const text = this.#head + decodeLatin1(bytes.subarray(from, end))
    if (!this.#isHeadWhole) {
      this.#head = text
      return end
    }
    this.#head = ''
    this.#isHeadWhole = false
    const head = parseHead(text)
    // 1xx is an interim response: the final one follows.
    if (head.status >= 200) this.#begin(head)
    else if (head.status === 101)
      throw new Error(
        'the server switched to another protocol (status 101), which was not requested',
      )
    return end
  }

  /** The position after the head's empty line, or the end of the packet. */
  #endOfHead(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    // Scans no further than the longest head, however long the packet.
    const most = Math.min(bytes.length, from + MAX_HEAD + 1)
    for (let at = from; at < most; at++) {
      const byte = bytes[at]
      if (byte === CR) continue
      if (byte !== LF) this.#lineLength++
      else if (this.#lineLength > 0) this.#lineLength = 0
      else {
        this.#isHeadWhole = true
        return at + 1
      }
    }
    return most
  }

  #begin(head: ResponseHead): void {
    const { body } = head
    this.#lineLength = 0
    this.#trailerLength = 0
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

/**
 * Decodes ISO 8859-1: each byte is the code point of the same number. `TextDecoder('latin1')`
 * decodes windows-1252 instead, in which 0x80 is U+20AC.
 */
function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(at, at + MAX_ARGUMENTS))
  }
  return text
}
