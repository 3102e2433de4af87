/** Reads HTTP/1.1 responses from packets, one after the other, without copying their bodies. */

const LF = 10
const CR = 13
const SEMICOLON = 59

export interface ResponseSink {
  /** The status line and headers are whole. */
  head(status: number): void
  /** `bytes[start, end)` belongs to the body. */
  payload(bytes: Uint8Array, start: number, end: number): void
  /** The body is whole. */
  end(): void
}

type State = 'head' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'length' | 'until-close'

export class HttpReader {
  readonly #sink: ResponseSink
  #state: State = 'head'
  #head = ''
  /** Bytes of the chunk or the body that are still to come; in `size` the size read so far. */
  #left = 0
  /** Whether a chunk's extension is being passed over, or the length of a trailer's line. */
  #line = 0

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'size' && this.#left === 0 && this.#line === 0) {
        at = this.#wholeChunks(bytes, at)
        if (at === bytes.length) return
      }
      at = this.#step(bytes, at)
    }
  }

  /** The connection closed: a body without a length is whole now. */
  close(): void {
    if (this.#state === 'until-close') this.#end()
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#state === 'size') return this.#size(bytes, at)
    if (this.#state === 'chunk-end') return this.#chunkEnd(bytes, at)
    if (this.#state === 'trailer') return this.#trailer(bytes, at)
    if (this.#state === 'head') return this.#readHead(bytes, at)
    return this.#body(bytes, at)
  }

  /** Passes on the chunks that lie in the packet from end to end, as in a flood nearly all do. */
  #wholeChunks(bytes: Uint8Array, from: number): number {
    const { length } = bytes
    let at = from
    for (;;) {
      let size = 0
      let i = at
      let byte = i < length ? (bytes[i] as number) : 0
      while (byte > CR && byte !== SEMICOLON) {
        size = size * 16 + (byte <= 57 ? byte - 48 : (byte | 32) - 87)
        i++
        byte = i < length ? (bytes[i] as number) : 0
      }
      const start = i + 2
      const end = start + size
      if (byte !== CR || size === 0 || !(end + 2 <= length)) return at
      this.#sink.payload(bytes, start, end)
      at = end + 2
    }
  }

  #body(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#sink.payload(bytes, at, end)
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end'
      else this.#end()
    }
    return end
  }

  #size(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === LF) {
        this.#state = this.#left === 0 ? 'trailer' : 'chunk'
        this.#line = 0
        return at + 1
      }
      const letter = byte | 32
      if (byte === SEMICOLON) this.#line = 1
      else if (byte === CR || this.#line === 1) continue
      else if (byte <= 57) this.#left = this.#left * 16 + byte - 48
      else this.#left = this.#left * 16 + letter - 87
    }
    return bytes.length
  }

  #chunkEnd(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] !== LF) continue
      this.#state = 'size'
      this.#left = 0
      this.#line = 0
      return at + 1
    }
    return bytes.length
  }

  #trailer(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] === CR) continue
      if (bytes[at] !== LF) this.#line++
      else if (this.#line > 0) this.#line = 0
      else {
        this.#end()
        return at + 1
      }
    }
    return bytes.length
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const before = this.#head.length
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at).toString(
      'latin1',
    )
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return bytes.length
    const head = this.#head.slice(0, end)
    const next = at + end + 4 - before
    this.#head = ''
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? []
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    this.#left = isChunked ? 0 : Number(length ?? Number.MAX_SAFE_INTEGER)
    this.#line = 0
    this.#state = isChunked ? 'size' : length === undefined ? 'until-close' : 'length'
    this.#sink.head(Number(status))
    if (this.#state === 'length' && this.#left === 0) this.#end()
    return next
  }

  #end(): void {
    this.#state = 'head'
    this.#sink.end()
  }
}
