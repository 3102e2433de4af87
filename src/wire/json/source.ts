/**
 * JSON that knows the text it was parsed from: a large request that is sent on with a few fields changed is
 * written by copying the bytes of all others. Serializing and encoding 1 MB of messages anew takes 2 ms.
 */
import { concat } from '../../util/bytes.ts'
import { isObject } from '../../util/object.ts'
import { exactDigits } from './exact-integers.ts'
import { Outline, outlineOfArray } from './outline.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * The key of the source in a parsed object. A copy with other fields (`{ ...request, model }`) has it too,
 * while `JSON.stringify` and whatever lists the fields of an object leave out symbols.
 */
const SOURCE = Symbol('source')

interface Sourced {
  [SOURCE]?: Source
}

/**
 * Remembers the text of an object that was parsed from it: `serialize` then copies what has not changed.
 * From here on, neither the text nor anything within the object's fields may be changed in place; fields
 * may be added, removed and replaced, also by lists with some of the same items. `outline`: as `scanJson` made it.
 */
export function keepSource(value: unknown, text: Bytes, outline: Outline): void {
  if (!isObject(value)) return
  const fields = outline.marks.length / 2
  if (fields > MOST_FIELDS || fields * LEAST_EACH > text.length) return
  ;(value as Sourced)[SOURCE] = new Source({ ...value }, text, outline)
}

export function hasSource(value: unknown): boolean {
  return isObject(value) && (value as Sourced)[SOURCE] !== undefined
}

/** Forgets the text, when the object and its copies are no longer serialized: it is as large as they are. */
export function forgetSource(value: unknown): void {
  if (isObject(value)) (value as Sourced)[SOURCE]?.forget()
}

/**
 * The JSON of an object: what `JSON.stringify` returns, or bytes that parse to the same value. Where an
 * object has a source, numbers in fields that were not changed keep all their digits.
 *
 * @example
 * const request = await readJsonBody(…)
 * serialize({ ...request, model: 'other' }) // all bytes as they came, except those of the model
 */
export function serialize(value: object): string | Bytes {
  return (value as Sourced)[SOURCE]?.write(value) ?? JSON.stringify(value)
}

/** A parsed object and its text. */
class Source {
  #fields: Record<string, unknown>
  #text: Bytes | undefined
  #outline: Outline
  #isFaithful: boolean | undefined

  constructor(fields: Record<string, unknown>, text: Bytes, outline: Outline) {
    this.#fields = fields
    this.#text = text
    this.#outline = outline
  }

  forget(): void {
    this.#fields = {}
    this.#text = undefined
    this.#outline = new Outline()
  }

  /** Undefined where the value has to be serialized anew. */
  write(value: object): Bytes | undefined {
    const text = this.#text
    if (text === undefined) return undefined
    // Of two equal keys, parsers take different ones: the value has the one that was checked.
    this.#isFaithful ??= countKeys(this.#fields) === this.#outline.keys
    if (!this.#isFaithful) return undefined
    const splice = new Splice(text, this.#outline.marks)
    splice.object(value as Record<string, unknown>, this.#fields)
    return splice.bytes()
  }
}

/** The keys of all objects in a parsed value. */
function countKeys(value: object): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (typeof item === 'object' && item !== null) count += countKeys(item)
    }
    return count
  }
  if (exactDigits(value) !== undefined) return 0
  for (const key in value) {
    count++
    const item = (value as Record<string, unknown>)[key]
    if (typeof item === 'object' && item !== null) count += countKeys(item)
  }
  return count
}

/**
 * Bytes of a value below which it is written anew even if it has not changed: whether a request is long must
 * not decide whether a server gets `"max_tokens": 1.0`, which some do not take for an integer.
 */
const LEAST_COPIED = 1_024

/** Bytes for each field or item, on average, below which it is serialized anew as fast. */
const LEAST_EACH = 128

/**
 * Fields beyond which an object is serialized anew, however long they are: each is compared by itself, and
 * 150,000 of 130 bytes took Node 0.3 s for each attempt instead of 0.1 s.
 */
const MOST_FIELDS = 1_000

/**
 * Items of a list up to which it does not matter how short they are. Copying two thirds of 150,000 small ones
 * took Node 0.12 s instead of 0.007 s.
 */
const FEW_ITEMS = 100

/** A part of the result: JSON, or the start and end of what is copied. */
type Piece = string | { start: number; end: number }

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Writes a value that resembles one whose text is known. */
class Splice {
  readonly #text: Bytes
  /** The outline of the text. */
  readonly #marks: readonly number[]
  readonly #pieces: Piece[] = []

  constructor(text: Bytes, marks: readonly number[]) {
    this.#text = text
    this.#marks = marks
  }

  /** The text itself where all of it is copied. */
  bytes(): Bytes {
    // The brace, an item without a comma, what is copied, and the brace.
    const [, , all] = this.#pieces.length === 4 ? this.#pieces : []
    const { start = 0, end = 0 } = typeof all === 'object' ? all : {}
    if (start === (this.#marks[0] ?? 0) + 1 && end === this.#marks.at(-1)) return this.#text
    return concat(
      this.#pieces.map((piece) =>
        typeof piece === 'string'
          ? encoder.encode(piece)
          : this.#text.subarray(piece.start, piece.end),
      ),
    )
  }

  /** `old` is the object as it was parsed. */
  object(value: Record<string, unknown>, old: Record<string, unknown>): void {
    const marks = this.#marks
    const list = new List(this.#pieces, '{')
    const left = new Set(Object.keys(value))
    // A mark for the brace, one for each colon and comma, and one for the brace at the end.
    for (let at = 0; at + 2 < marks.length; at += 2) {
      const [before = 0, colon = 0, end = 0] = [marks[at], marks[at + 1], marks[at + 2]]
      const key = JSON.parse(decoder.decode(this.#text.subarray(before + 1, colon))) as string
      if (!left.delete(key)) continue
      const [item, oldItem] = [value[key], old[key]]
      if (item === oldItem && this.#isCopied(item, colon + 1, end))
        list.copy(at / 2, before + 1, end)
      else if (isWritten(item)) {
        list.next(`${JSON.stringify(key)}:`)
        this.#value(item, oldItem, colon + 1, end)
      }
    }
    for (const key of left) {
      const item = value[key]
      if (isWritten(item)) list.next(`${JSON.stringify(key)}:${JSON.stringify(item)}`)
    }
    list.end('}')
  }

  /** Whether a value that has not changed is copied from between `start` and `end`. */
  #isCopied(value: unknown, start: number, end: number): boolean {
    if (end - start >= LEAST_COPIED) return true
    return JSON.stringify(value) === decoder.decode(this.#text.subarray(start, end)).trim()
  }

  /** A value in the place of an old one, which is between `start` and `end` in the text. */
  #value(value: unknown, old: unknown, start: number, end: number): void {
    const isList = value !== old && Array.isArray(value) && Array.isArray(old)
    const isLong = isList && (old.length <= FEW_ITEMS || end - start >= LEAST_EACH * old.length)
    const places = isLong ? placesOf(value, old) : undefined
    if (places === undefined) this.#pieces.push(JSON.stringify(value) ?? 'null')
    else this.#array(value as unknown[], places, outlineOfArray(this.#text, start, end))
  }

  #array(value: readonly unknown[], places: Map<unknown, number>, marks: readonly number[]): void {
    const list = new List(this.#pieces, '[')
    for (const item of value) {
      const at = places.get(item)
      const [before, end] = at === undefined ? [] : [marks[at], marks[at + 1]]
      if (at === undefined || before === undefined || end === undefined) {
        list.next(JSON.stringify(item) ?? 'null')
      } else list.copy(at, before + 1, end)
    }
    list.end(']')
  }
}

/**
 * Where the objects of a list were in another one that it was made from; undefined where most are new:
 * serializing all of them anew is as fast as finding the others in the text.
 */
function placesOf(
  value: readonly unknown[],
  old: readonly unknown[],
): Map<unknown, number> | undefined {
  const places = new Map<unknown, number>()
  for (const [at, item] of old.entries()) {
    if (typeof item === 'object' && item !== null) places.set(item, at)
  }
  const same = value.filter((item) => places.has(item)).length
  return 2 * same > old.length ? places : undefined
}

/** Whether `JSON.stringify` writes a field that has this value. */
function isWritten(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

/** The items of an array, or the fields of an object. */
class List {
  readonly #pieces: Piece[]
  #isEmpty = true
  /** The last copied item and its piece: what follows in the text as well is copied with it. */
  #last: { at: number; piece: { start: number; end: number } } | undefined

  constructor(pieces: Piece[], open: string) {
    this.#pieces = pieces
    pieces.push(open)
  }

  /** Begins another item, with this text. */
  next(text: string): void {
    this.#last = undefined
    this.#pieces.push(this.#isEmpty ? text : `,${text}`)
    this.#isEmpty = false
  }

  /** Copies the item that was the one with the index `at`. */
  copy(at: number, start: number, end: number): void {
    const last = this.#last
    if (last?.at === at - 1) {
      last.piece.end = end
      last.at = at
      return
    }
    this.next('')
    const piece = { start, end }
    this.#pieces.push(piece)
    this.#last = { at, piece }
  }

  end(close: string): void {
    this.#pieces.push(close)
  }
}
