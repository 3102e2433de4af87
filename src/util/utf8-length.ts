const encoder = new TextEncoder()

/** Units of a text that are encoded at a time, and up to which a loop is faster than the encoder. */
const SLICE = 16_384
const SHORT = 64

let scratch: Uint8Array<ArrayBuffer> | undefined

/**
 * The number of UTF-8 bytes of a text. The runtime's encoder counts them in a buffer that is used again:
 * a loop over 20 MB takes ten times as long.
 *
 * @example
 * utf8Length('é') // 2
 */
export function utf8Length(text: string): number {
  if (text.length <= SHORT) return lengthByLoop(text)
  scratch ??= new Uint8Array(SLICE * 3)
  let length = 0
  for (let at = 0; at < text.length; ) {
    const { read, written } = encoder.encodeInto(text.slice(at, at + SLICE), scratch)
    at += read
    length += written
  }
  return length
}

function lengthByLoop(text: string): number {
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) length += 1
    else if (unit < 0x800) length += 2
    // Both halves of a pair together have 4 bytes.
    else length += unit >= 0xd800 && unit < 0xe000 ? 2 : 3
  }
  return length
}
