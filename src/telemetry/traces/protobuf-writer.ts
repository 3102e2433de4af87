/** Writes protobuf: https://protobuf.dev/programming-guides/encoding/ */

const encoder = new TextEncoder()

/** How a field is encoded. */
const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const

export class ProtobufWriter {
  #bytes = new Uint8Array(4_096)
  #length = 0

  /** What was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A message within this one, which `write` writes. */
  message(field: number, write: () => void): void {
    this.#tag(field, WIRE.length)
    // Most are short: the length takes one byte, and the content moves where it takes more.
    this.#reserve(1)
    const start = ++this.#length
    write()
    const size = this.#length - start
    const extra = varintSize(size) - 1
    if (extra > 0) {
      this.#reserve(extra)
      this.#bytes.copyWithin(start + extra, start, this.#length)
    }
    this.#length = start - 1
    this.#varint(size)
    this.#length = start + extra + size
  }

  text(field: number, text: string): void {
    this.#tag(field, WIRE.length)
    if (text.length < 128 && this.#ascii(text)) return
    const bytes = encoder.encode(text)
    this.#varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Writes a short text, unless it has a character beyond ASCII. Most are so short that a call costs more. */
  #ascii(text: string): boolean {
    this.#reserve(text.length + 1)
    const bytes = this.#bytes
    const start = this.#length + 1
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code >= 0x80) return false
      bytes[start + at] = code
    }
    bytes[this.#length] = text.length
    this.#length = start + text.length
    return true
  }

  /** Bytes, given as hexadecimal digits. */
  hex(field: number, digits: string): void {
    this.#tag(field, WIRE.length)
    this.#varint(digits.length / 2)
    this.#reserve(digits.length / 2)
    for (let at = 0; at < digits.length; at += 2) {
      this.#bytes[this.#length++] = digitAt(digits, at) * 16 + digitAt(digits, at + 1)
    }
  }

  /** A safe integer; a negative one takes ten bytes, as 64-bit integers do. */
  integer(field: number, value: number): void {
    this.#tag(field, WIRE.varint)
    if (value >= 0) {
      this.#varint(value)
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    for (let left = 9; left > 0; left--, rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80)
    this.#byte(Number(rest))
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64)
    this.#view(8).setFloat64(0, value, true)
    this.#length += 8
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE.fixed64)
    this.#view(8).setBigUint64(0, value, true)
    this.#length += 8
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, WIRE.fixed32)
    this.#view(4).setUint32(0, value, true)
    this.#length += 4
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  #varint(value: number): void {
    // A number takes ten bytes at most.
    this.#reserve(10)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  #view(size: number): DataView {
    this.#reserve(size)
    return new DataView(this.#bytes.buffer, this.#length)
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + size))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

/** The value of a hexadecimal digit in lower case. */
function digitAt(digits: string, at: number): number {
  const code = digits.charCodeAt(at)
  return code < 0x60 ? code - 0x30 : code - 0x57
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
