/** Writes another model name into a JSON body, and leaves every other byte as it came. */
import { concat } from '../../util/bytes.ts'
import { endOfString } from '../json/depth.ts'

type Bytes = Uint8Array<ArrayBuffer>

const QUOTE = 0x22
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The same JSON object with this `model`: its value is replaced, or the field is added as the first one.
 * `bytes` must be a valid JSON object that has the field once at most.
 *
 * @example
 * text(withModel(bytes('{"model": "a", "n": 1.0}'), 'b')) // '{"model": "b", "n": 1.0}'
 */
export function withModel(bytes: Bytes, model: string): Bytes {
  const value = encoder.encode(JSON.stringify(model))
  const range = valueOfModel(bytes)
  if (range !== undefined) {
    return concat([bytes.subarray(0, range.start), value, bytes.subarray(range.end)])
  }
  const start = bytes.indexOf(OPEN_OBJECT) + 1
  const isEmpty = bytes[afterSpace(bytes, start)] === CLOSE_OBJECT
  const field = concat([encoder.encode('"model":'), value, encoder.encode(isEmpty ? '' : ',')])
  return concat([bytes.subarray(0, start), field, bytes.subarray(start)])
}

/** Where the value of the top-level `model` is; undefined where there is none. */
function valueOfModel(bytes: Bytes): { start: number; end: number } | undefined {
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
    else if (byte === QUOTE) {
      const end = endOfString(bytes, at) + 1
      const colon = depth === 1 ? afterSpace(bytes, end) : -1
      if (bytes[colon] === COLON && keyIn(bytes.subarray(at, end)) === 'model') {
        const start = afterSpace(bytes, colon + 1)
        return { start, end: endOfValue(bytes, start) }
      }
      at = end - 1
    }
  }
  return undefined
}

/** The most bytes of a key that spells `model`: each letter may be an escape of six. */
const LONGEST_KEY = 6 * 'model'.length + 2

function keyIn(quoted: Bytes): unknown {
  return quoted.length > LONGEST_KEY ? undefined : JSON.parse(decoder.decode(quoted))
}

/** The end of a string, or of a word such as `null`. */
function endOfValue(bytes: Bytes, start: number): number {
  if (bytes[start] === QUOTE) return endOfString(bytes, start) + 1
  let end = start
  while (end < bytes.length && !isEndOfWord(bytes[end] as number)) end++
  return end
}

function isEndOfWord(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte <= 0x20
}

function afterSpace(bytes: Bytes, from: number): number {
  let at = from
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
  return at
}
