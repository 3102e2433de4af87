/**
 * Proof by comparing. A stream's frames differ mostly in the text of one delta. Once a frame was
 * parsed, any frame that equals it up to that text and after it, with one well-formed JSON string
 * between, is proven to be that same chunk with another text, without being parsed.
 */
import type { ChatChunk } from './chat.ts'
import { decodeText, encodeText } from './sse.ts'

const QUOTE = 34
const BACKSLASH = 92
const TEXT_FIELDS = ['content', 'reasoning_content', 'reasoning'] as const
const KEYS = TEXT_FIELDS.map((field) => encodeText(`"${field}":`))
/** A text no engine sends, to see that the hole found in the bytes is the delta's text. */
const MARKER = '\u0001sluice\u0001'
const ESCAPED_MARKER = JSON.stringify(MARKER).slice(1, -1)
/** After so many frames learnt in vain, only every 32nd is tried. */
const PATIENCE = 8

export class FrameProof {
  #prefix: Uint8Array = new Uint8Array(0)
  #suffix: Uint8Array = new Uint8Array(0)
  #ready = false
  #vain = 0

  /** Whether `bytes[start, end)` is the frame last learnt but for its text. */
  proves(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#ready) return false
    const textStart = start + this.#prefix.length
    const textEnd = end - this.#suffix.length
    // An empty text is no token: the contract has to see it.
    if (textEnd <= textStart) return false
    const proven =
      equals(bytes, start, this.#prefix) &&
      equals(bytes, textEnd, this.#suffix) &&
      isJsonText(bytes, textStart, textEnd)
    if (proven) this.#vain = 0
    return proven
  }

  /** The next frame must be parsed whatever it looks like. */
  forget(): void {
    this.#ready = false
  }

  /**
   * Learns the plain frame `bytes[start, end)`, which was parsed to `chunk` and passed unmended.
   * Learns nothing from a chunk that is more than one choice's text.
   */
  learn(bytes: Uint8Array, start: number, end: number, chunk: ChatChunk): void {
    this.#ready = false
    const field = soleTextField(chunk)
    if (field === -1) return
    if (++this.#vain > PATIENCE && this.#vain % 32 !== 0) return
    const hole = findText(bytes, start, end, KEYS[field] as Uint8Array)
    if (hole === undefined || !this.#holds(bytes, start, end, hole, TEXT_FIELDS[field] as string)) {
      return
    }
    this.#prefix = bytes.slice(start, hole.start)
    this.#suffix = bytes.slice(hole.end, end)
    this.#ready = true
  }

  #holds(bytes: Uint8Array, start: number, end: number, hole: Span, field: string): boolean {
    const json =
      decodeText(bytes.subarray(start + 6, hole.start)) +
      ESCAPED_MARKER +
      decodeText(bytes.subarray(hole.end, end))
    const chunk = JSON.parse(json) as ChatChunk
    return chunk.choices[0]?.delta?.[field] === MARKER
  }
}

interface Span {
  start: number
  end: number
}

/** The index in `TEXT_FIELDS` of the one text this chunk brings; -1 if it brings anything else. */
function soleTextField(chunk: ChatChunk): number {
  const choice = chunk.choices.length === 1 ? chunk.choices[0] : undefined
  if (choice === undefined || choice.finish_reason || chunk.usage) return -1
  const { delta } = choice
  if (delta.tool_calls || delta.function_call || delta.refusal) return -1
  const filled = TEXT_FIELDS.filter((field) => delta[field])
  return filled.length === 1 ? TEXT_FIELDS.indexOf(filled[0] as 'content') : -1
}

/** The text behind the last `"key":"`; undefined if the key's value stands there otherwise. */
function findText(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
): Span | undefined {
  for (let at = end - key.length; at >= start; at--) {
    if (bytes[at] !== QUOTE || !equals(bytes, at, key)) continue
    let open = at + key.length
    while (bytes[open] === 32) open++
    if (bytes[open] !== QUOTE) return undefined
    const textStart = open + 1
    const textEnd = endOfText(bytes, textStart, end)
    return textEnd === -1 ? undefined : { start: textStart, end: textEnd }
  }
  return undefined
}

function endOfText(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++
    else if (bytes[at] === QUOTE) return at
  }
  return -1
}

function equals(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) {
    if (bytes[at + i] !== expected[i]) return false
  }
  return true
}

/** Whether `bytes[start, end)` is the inside of a JSON string: RFC 8259 §7, RFC 3629 §4. */
export function isJsonText(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    const byte = bytes[at] as number
    if (byte >= 0x80) {
      const length = utf8Length(bytes, at, end)
      if (length === 0) return false
      at += length
    } else if (byte === BACKSLASH) {
      const length = escapeLength(bytes, at, end)
      if (length === 0) return false
      at += length
    } else {
      if (byte < 0x20 || byte === QUOTE) return false
      at++
    }
  }
  return true
}

/** 2 for `\n` and its like, 6 for `\u0000`, 0 for what is no escape. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 0
  const kind = bytes[at + 1] as number
  if (kind !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? 2 : 0
  if (at + 6 > end) return 0
  for (let i = at + 2; i < at + 6; i++) {
    const byte = bytes[i] as number
    const isDigit = byte >= 48 && byte <= 57
    const letter = byte | 32
    if (!isDigit && (letter < 97 || letter > 102)) return 0
  }
  return 6
}

/** The length of the well-formed UTF-8 sequence at `at`, 0 where it is not well formed. */
function utf8Length(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (length === 0 || at + length > end) return 0
  const second = bytes[at + 1] as number
  // Overlong forms, surrogates and what lies past U+10FFFF show in the second byte.
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  if (first === 0xf4 && second > 0x8f) return 0
  for (let i = at + 1; i < at + length; i++) {
    if (((bytes[i] as number) & 0xc0) !== 0x80) return 0
  }
  return length
}
