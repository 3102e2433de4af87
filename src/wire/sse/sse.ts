/**
 * The event-stream format: frames written, bytes scanned for events.
 * Source: WHATWG HTML, "Server-sent events", §9.2.5 and §9.2.6.
 */

const LF = 10
const CR = 13
const SPACE = 32
const COLON = 58

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The frame that ends a finished stream. */
export const DONE_FRAME = 'data: [DONE]\n\n'

/** `text` must be one line: JSON as `JSON.stringify` writes it. */
export function frame(text: string): string {
  return `data: ${text}\n\n`
}

/** A frame of an API that names its events; `name` and `text` must be one line each. */
export function namedFrame(name: string, text: string): string {
  return `event: ${name}\ndata: ${text}\n\n`
}

/** Whether a type can be the name of an event: visible ASCII in one line. Unknown types are allowed. */
export function isEventName(type: string): boolean {
  return /^[\x21-\x7e]+$/.test(type)
}

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>
}

/** Throws a `TypeError` if the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** An event exceeds the scanner's limit. */
export class EventTooLong extends Error {
  readonly limit: number
  constructor(limit: number) {
    super(`an event is longer than ${limit} bytes`)
    this.limit = limit
  }
}

/** The fields of an event. */
export interface EventFields {
  /** The `data` lines joined by LF; undefined when there is none. */
  data: string | undefined
  /** The `event` field, empty when there is none. */
  event: string
  /** The value of an `error` field: not in the standard, but llama-server writes one. */
  error: string | undefined
}

const EMPTY = new Uint8Array(0)

/**
 * Finds events in bytes that arrive in packets, which may be split anywhere. Accepts every legal form: LF,
 * CRLF and CR, a BOM, comments, any field, several data lines.
 *
 * A cursor, not a callback: after `push`, call `next` until it returns false; each time it returns
 * true, `buffer[start, end)` is one whole event. `buffer` may be another each time; bytes once seen
 * are never overwritten, so a subarray of it may be kept.
 */
export class EventScanner {
  buffer: Uint8Array<ArrayBuffer> = EMPTY
  start = 0
  end = 0
  /** Whether the event's bytes are exactly `data: `, one line, and one blank line, LF only. */
  plain = false

  readonly #limit: number
  /** The memory of which `buffer` is the filled part, if it belongs to the scanner and not to a packet. */
  #storage: Uint8Array<ArrayBuffer> | undefined
  /** The part of the packet after the copied end of a split event; it becomes the next `buffer`. */
  #remaining: Uint8Array<ArrayBuffer> | undefined
  /** The start of the incomplete event. */
  #pending = 0
  /** The start of the incomplete line. */
  #line = 0
  /** No line ends between `#line` and here, so that a long event is searched only once. */
  #searched = 0
  /** The next CR at or after `#searched`, or the buffer's end: searched once, not for every event. */
  #cr = -1
  /** A CR ended the last packet: an LF that opens the next belongs to it. */
  #afterCr = false
  #lines = 0
  #beginning = true
  #hadBom = false
  #onlyLf = true

  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit
  }

  push(packet: Uint8Array<ArrayBuffer>): void {
    if (this.release()) this.buffer = packet
    else {
      // Copies only the bytes that complete the split event.
      const cut = pastBlankLine(packet)
      this.#append(packet.subarray(0, cut))
      this.#remaining = cut < packet.length ? packet.subarray(cut) : undefined
    }
    this.#cr = -1
  }

  /**
   * Lets go of the packet, if all of its events were read: a quiet stream would hold it, on workerd 4 KiB, until
   * the next one comes.
   */
  release(): boolean {
    if (this.#pending !== this.buffer.length) return false
    this.#rebase(this.buffer.length)
    this.buffer = EMPTY
    this.#storage = undefined
    return true
  }

  /**
   * Moves to the next complete event. Returns false if more bytes are needed.
   * Throws `EventTooLong`.
   */
  next(): boolean {
    while (!this.#nextInBuffer()) {
      const later = this.#remaining
      if (later === undefined) return false
      this.#remaining = undefined
      this.push(later)
    }
    return true
  }

  #nextInBuffer(): boolean {
    if (this.#beginning && !this.#skipBom()) return false
    for (;;) {
      if (this.#afterCr && this.#line < this.buffer.length) this.#skipLf()
      const lineEnd = this.#findLineEnd()
      if (lineEnd === -1) {
        if (this.buffer.length - this.#pending > this.#limit) throw new EventTooLong(this.#limit)
        return false
      }
      const isBlank = lineEnd === this.#line
      const next = this.#pastLineEnd(lineEnd)
      this.#line = this.#searched = next
      if (!isBlank) {
        this.#lines++
        continue
      }
      if (this.#closeEvent(next)) return true
    }
  }

  /** The start of the next event, if none of it was read yet; otherwise -1. */
  get boundary(): number {
    const isClean = this.#pending === this.#searched && !this.#beginning && !this.#afterCr
    return isClean ? this.#pending : -1
  }

  /** Skips `buffer[boundary, end)`, plain events that the caller found by comparison. */
  take(end: number): void {
    this.start = this.#pending
    this.end = end
    this.plain = true
    this.#pending = this.#line = this.#searched = end
  }

  /** Treats the bytes after the last complete event as an event, for a sender that ended there. */
  takeRest(): boolean {
    if (this.#pending >= this.buffer.length) return false
    this.start = this.#pending
    this.end = this.buffer.length
    this.plain = false
    this.#pending = this.#line = this.#searched = this.buffer.length
    return true
  }

  /** The data of a plain event. Throws a `TypeError` if it is not UTF-8. */
  plainData(): string {
    return decodeText(this.buffer.subarray(this.start + 6, this.end - 2))
  }

  /** The fields of any event. Throws a `TypeError` if it is not UTF-8. */
  fields(): EventFields {
    const fields: EventFields = { data: undefined, event: '', error: undefined }
    for (const line of decodeText(this.buffer.subarray(this.start, this.end)).split(/\r\n|\r|\n/)) {
      const colon = line.indexOf(':')
      const name = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
      if (name === 'data') {
        fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`
      } else if (name === 'event') fields.event = value
      else if (name === 'error') fields.error = value
    }
    return fields
  }

  /** Drops the first `by` bytes: positions count from there. */
  #rebase(by: number): void {
    this.#pending -= by
    this.#line -= by
    this.#searched -= by
  }

  /** Appends to the pending bytes in memory that doubles: linear time however an event is split. */
  #append(packet: Uint8Array<ArrayBuffer>): void {
    const needed = this.buffer.length + packet.length
    if (this.#storage === undefined || needed > this.#storage.length) {
      const rest = this.buffer.subarray(this.#pending)
      this.#storage = new Uint8Array(Math.max(1024, (rest.length + packet.length) * 2))
      this.#storage.set(rest)
      this.#rebase(this.#pending)
      this.buffer = rest
    }
    const length = this.buffer.length
    this.#storage.set(packet, length)
    // Only the received bytes, so that a search does not continue into the free memory.
    this.buffer = this.#storage.subarray(0, length + packet.length)
  }

  #skipBom(): boolean {
    const bytes = this.buffer
    const at = this.#pending
    for (const [i, byte] of [0xef, 0xbb, 0xbf].entries()) {
      if (at + i >= this.buffer.length) return false
      if (bytes[at + i] !== byte) {
        this.#beginning = false
        return true
      }
    }
    this.#beginning = false
    this.#hadBom = true
    this.#pending = this.#line = this.#searched = at + 3
    return true
  }

  #skipLf(): void {
    this.#afterCr = false
    if (this.buffer[this.#line] !== LF) return
    if (this.#pending === this.#line) this.#pending++
    this.#line++
    this.#searched = this.#line
  }

  #findLineEnd(): number {
    const from = this.#searched
    if (this.#cr < from) {
      const cr = this.buffer.indexOf(CR, from)
      this.#cr = cr === -1 ? this.buffer.length : cr
    }
    const lf = this.buffer.indexOf(LF, from)
    if (lf !== -1 && lf < this.#cr) return lf
    if (this.#cr < this.buffer.length) return this.#cr
    this.#searched = this.buffer.length
    return -1
  }

  #pastLineEnd(lineEnd: number): number {
    if (this.buffer[lineEnd] === LF) return lineEnd + 1
    this.#onlyLf = false
    if (lineEnd + 1 === this.buffer.length) this.#afterCr = true
    return this.buffer[lineEnd + 1] === LF ? lineEnd + 2 : lineEnd + 1
  }

  /** Ends the event at a blank line, if it has lines. */
  #closeEvent(end: number): boolean {
    const { buffer } = this
    const start = this.#pending
    const lines = this.#lines
    const plain =
      lines === 1 &&
      this.#onlyLf &&
      !this.#hadBom &&
      buffer[start] === 100 &&
      buffer[start + 1] === 97 &&
      buffer[start + 2] === 116 &&
      buffer[start + 3] === 97 &&
      buffer[start + 4] === COLON &&
      buffer[start + 5] === SPACE
    this.#pending = end
    this.#lines = 0
    this.#onlyLf = true
    if (lines === 0) return false
    this.#hadBom = false
    this.start = start
    this.end = end
    this.plain = plain
    return true
  }
}

/** The end of the first blank line made of two LFs; the packet's end if there is none. */
function pastBlankLine(packet: Uint8Array): number {
  let lf = packet.indexOf(LF)
  while (lf !== -1 && packet[lf + 1] !== LF) lf = packet.indexOf(LF, lf + 1)
  return lf === -1 ? packet.length : lf + 2
}
