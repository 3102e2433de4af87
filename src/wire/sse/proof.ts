/**
 * Proof by comparison. The frames of a stream differ mostly in the text of one delta. After a frame was
 * parsed, a frame with the same bytes except for that text, and with a well-formed JSON string in its
 * place, is proven to be the same chunk with another text, without being parsed. OpenAI pads each frame
 * with a text of varying length (`obfuscation`), so that text may differ too.
 */
import type { ChatChunk, ChunkDelta } from '../chat/request.ts'
import type { TextChunk } from '../completions/request.ts'
import { endOfJsonString } from '../json/string.ts'
import { decodeText, encodeText } from './sse.ts'

const QUOTE = 34
const TEXT_FIELDS = ['content', 'reasoning_content', 'reasoning', 'text'] as const
const PADDING = 'obfuscation'
const KEYS = new Map(
  [...TEXT_FIELDS, PADDING].map((field) => [field, encodeText(`"${field}":`)] as const),
)
/** A text that no engine sends, to verify that the span found in the bytes is the field's value. */
const MARKER = '\u0001sluice\u0001'
const ESCAPED_MARKER = JSON.stringify(MARKER).slice(1, -1)
/** After so many frames from which nothing was learnt, only every 32nd is tried. */
const MAX_FAILED_STUDIES = 8

/** Bytes that are the same in every frame. */
interface Literal {
  bytes: Uint8Array
  /** The same eight at a time, as floats; the last of them overlaps the one before. */
  words: Float64Array
  tail: number
}

/** A field's text in a frame. */
interface TextSpan {
  field: string
  start: number
  end: number
}

/** Whichever API the stream is of. */
type Chunk = ChatChunk | TextChunk

/** A parsed frame to learn from. */
interface Sample {
  bytes: Uint8Array
  start: number
  end: number
  chunk: Chunk
}

export class FrameProof {
  /** The number of frames that the last call proved. */
  proven = 0
  /** The bytes of their texts, padding included. */
  textLength = 0
  /** Studied when the next frame arrives, so that the first token is not delayed. */
  #sample: Sample | undefined
  /** The bytes before the first text, between two texts, and after the last; empty if nothing is learnt. */
  #literals: Literal[] = []
  /** The bytes of all of them. */
  #literalLength = 0
  /** Which of the texts is the delta's; the other is padding. */
  #textSpan = 0
  #failedStudies = 0

  /**
   * The end of the last of the consecutive frames in `bytes[start, end)` that equal the learnt frame
   * except for its text; `start` if there is none. `view` is a view of the memory of `bytes`.
   */
  provenEnd(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    this.proven = 0
    if (this.#sample !== undefined) this.#study(this.#sample)
    const literals = this.#literals
    if (literals.length === 0) return start
    let proven = 0
    let at = start
    for (;;) {
      const next = frameEnd(bytes, view, at, end, literals, this.#textSpan)
      if (next === -1) break
      at = next
      proven++
    }
    this.proven = proven
    this.textLength = at - start - proven * this.#literalLength
    if (proven > 0) this.#failedStudies = 0
    return at
  }

  /** Forgets the learnt frame, so that the next frame must be parsed. */
  forget(): void {
    this.#sample = undefined
    if (this.#literals.length > 0) this.#literals = []
  }

  /**
   * Learns the plain frame `bytes[start, end)`, which was parsed to `chunk` and needed no repair. Learns
   * nothing from a chunk with more than the text of one choice. The caller must not change either later.
   */
  learn(bytes: Uint8Array, start: number, end: number, chunk: Chunk): void {
    this.forget()
    this.#sample = { bytes, start, end, chunk }
  }

  #study({ bytes, start, end, chunk }: Sample): void {
    this.#sample = undefined
    const field = soleTextField(chunk)
    if (
      field === undefined ||
      (++this.#failedStudies > MAX_FAILED_STUDIES && this.#failedStudies % 32 !== 0)
    )
      return
    const fields = typeof chunk[PADDING] === 'string' ? [field, PADDING] : [field]
    const frame = bytes.slice(start, end)
    const holes = fields.map((name) => findText(frame, name))
    if (!holes.every((hole) => hole !== undefined)) return
    holes.sort((a, b) => a.start - b.start)
    const literals = literalsAround(frame, holes)
    if (!holdsMarkers(literals, field, fields.length > 1)) return
    this.#literals = literals
    this.#literalLength = literals.reduce((sum, { bytes }) => sum + bytes.length, 0)
    this.#textSpan = holes.findIndex((hole) => hole.field === field)
  }
}

/** The field of the only text of a chunk; undefined if the chunk has anything else. */
function soleTextField(chunk: Chunk): string | undefined {
  const choice = chunk.choices.length === 1 ? chunk.choices[0] : undefined
  if (choice === undefined || choice.finish_reason || chunk.usage) return undefined
  const delta = deltaOf(choice)
  if (delta.tool_calls || delta.function_call || delta.refusal) return undefined
  const filled = TEXT_FIELDS.filter((field) => delta[field])
  return filled.length === 1 ? filled[0] : undefined
}

/** The delta of a choice; in a text completion, the choice itself has the text. */
function deltaOf(choice: Chunk['choices'][number]): ChunkDelta {
  return (choice.delta ?? choice) as ChunkDelta
}

/** The text after the last `"field":"`; undefined if the value is not a string. */
function findText(frame: Uint8Array, field: string): TextSpan | undefined {
  const key = KEYS.get(field) as Uint8Array
  for (let at = frame.length - key.length; at >= 0; at--) {
    if (frame[at] !== QUOTE || !key.every((byte, i) => frame[at + i] === byte)) continue
    let open = at + key.length
    while (frame[open] === 32) open++
    const end = frame[open] === QUOTE ? endOfJsonString(frame, open + 1, frame.length) : -1
    return end === -1 ? undefined : { field, start: open + 1, end }
  }
  return undefined
}

function literalsAround(frame: Uint8Array<ArrayBuffer>, holes: TextSpan[]): Literal[] {
  const starts = [0, ...holes.map(({ end }) => end)]
  const ends = [...holes.map(({ start }) => start), frame.length]
  return starts.map((start, i) => {
    return literalOf(frame.slice(start, ends[i]))
  })
}

function literalOf(bytes: Uint8Array<ArrayBuffer>): Literal {
  const { length } = bytes
  const view = new DataView(bytes.buffer)
  const words = Float64Array.from({ length: length >> 3 }, (_, i) => view.getFloat64(i * 8, true))
  return { bytes, words, tail: length < 8 ? 0 : view.getFloat64(length - 8, true) }
}

/** Whether markers in place of the texts are parsed as the values of the fields. */
function holdsMarkers(literals: Literal[], field: string, hasPadding: boolean): boolean {
  const frame = literals.map(({ bytes }) => decodeText(bytes)).join(ESCAPED_MARKER)
  const chunk = JSON.parse(frame.slice('data: '.length)) as Chunk
  const [choice] = chunk.choices
  const isText = choice !== undefined && deltaOf(choice)[field] === MARKER
  return isText && (!hasPadding || chunk[PADDING] === MARKER)
}

/** The end of a frame at `start` with these literals; -1 if there is none. */
function frameEnd(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  literals: Literal[],
  textHole: number,
): number {
  let at = start
  for (let i = 0; i < literals.length; i++) {
    if (i > 0) {
      const close = endOfJsonString(bytes, at, end)
      // An empty text is not a token, so the contract has to check the chunk.
      if (close === -1 || (close === at && i - 1 === textHole)) return -1
      at = close
    }
    const literal = literals[i] as Literal
    const next = at + literal.bytes.length
    if (next > end || !equals(bytes, view, at, literal)) return -1
    at = next
  }
  return at
}

/**
 * Whether the literal's bytes are at `at`, where enough bytes remain. Eight bytes at a time are compared
 * as floats, which is exact here: JSON has no zero bytes, so none is ±0; and a NaN equals nothing, so it
 * proves nothing.
 */
function equals(bytes: Uint8Array, view: DataView, at: number, literal: Literal): boolean {
  const { words } = literal
  for (let i = 0; i < words.length; i++) {
    if (view.getFloat64(at + i * 8, true) !== words[i]) return false
  }
  const { length } = literal.bytes
  if (length >= 8) return view.getFloat64(at + length - 8, true) === literal.tail
  for (let i = 0; i < length; i++) if (bytes[at + i] !== literal.bytes[i]) return false
  return true
}
