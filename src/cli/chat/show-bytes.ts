/** Shows the bytes of a stream on a terminal. */
import { terminalLine } from '../../util/safe/terminal.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Shows bytes: line ends as `␊` and `␍` (a new line begins after `␊`), and bytes that are not part of a
 * printable character as `<e2>`. `mark` highlights what stands for a byte.
 */
export function showBytes(
  bytes: Uint8Array,
  mark: (text: string) => string = (text) => text,
): string {
  let shown = ''
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    const length = lengthOf(byte)
    const character = decoded(bytes.subarray(at, at + length), length)
    if (byte === 10) shown += `${mark('␊')}\n`
    else if (byte === 13) shown += mark('␍')
    else if (character !== undefined) shown += character
    else shown += mark(`<${byte.toString(16).padStart(2, '0')}>`)
    at += character === undefined ? 1 : length
  }
  return shown
}

/** The length of the UTF-8 character that begins with this byte. */
function lengthOf(byte: number): number {
  if (byte < 0xc0) return 1
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
}

/** Undefined if it is incomplete, invalid, or one that a terminal does not show. */
function decoded(bytes: Uint8Array, length: number): string | undefined {
  if (bytes.length < length) return undefined
  try {
    const text = decoder.decode(bytes)
    return terminalLine(text) === text ? text : undefined
  } catch {
    return undefined
  }
}
