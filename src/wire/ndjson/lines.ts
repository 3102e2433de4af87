/**
 * Newline-delimited JSON: lines written, bytes scanned for lines. Source:
 * https://github.com/ndjson/ndjson-spec
 */
import { concat } from '../../util/bytes.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * What httpx ends a line at, beyond LF, that JSON leaves unescaped within a string. ollama-python reads
 * its lines with it.
 */
const LINE_ENDS = /[\u0085\u2028\u2029]/g

/** `value` as a line. */
export function line(value: unknown): string {
  return `${JSON.stringify(value).replace(LINE_ENDS, escaped)}\n`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A line, with its LF: `buffer[start, end)`. */
export interface Line {
  buffer: Bytes
  start: number
  end: number
}

/** A line exceeds the scanner's limit. */
export class LineTooLong extends Error {
  readonly limit: number
  constructor(limit: number) {
    super(`a line is longer than ${limit} bytes`)
    this.limit = limit
  }
}

const LF = 10

/** Finds lines in bytes that arrive in packets, which may be split anywhere. */
export class LineScanner {
  readonly #limit: number
  /** The pieces of the line that has not ended yet. */
  #pieces: Bytes[] = []
  #length = 0

  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit
  }

  /** The lines that end in the packet. Throws a `LineTooLong`. */
  *push(packet: Bytes): Generator<Line, void, void> {
    let start = 0
    for (let lf = packet.indexOf(LF); lf !== -1; lf = packet.indexOf(LF, start)) {
      const end = lf + 1
      if (this.#pieces.length === 0) yield { buffer: packet, start, end }
      else {
        this.#keep(packet.subarray(start, end))
        const buffer = this.takeRest()
        yield { buffer, start: 0, end: buffer.length }
      }
      start = end
    }
    if (start < packet.length) this.#keep(packet.subarray(start))
  }

  /** The bytes after the last line. */
  takeRest(): Bytes {
    const rest = concat(this.#pieces)
    this.#pieces = []
    this.#length = 0
    return rest
  }

  #keep(piece: Bytes): void {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length > this.#limit) throw new LineTooLong(this.#limit)
  }
}
