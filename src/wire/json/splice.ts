/** Writes JSON anew of which most is copied from a text that it was parsed from. */
import { isObject } from '../../util/object.ts'
import type { Steps } from '../../util/slices.ts'
import { exactDigits } from './exact-integers.ts'
import { type Outline, outlineOfArray } from './outline.ts'
import { isWritten } from './write-in-steps.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * Bytes of a value below which it is written anew even if it has not changed: whether a request is long must
 * not decide whether a server gets `"max_tokens": 1.0`, which some do not take for an integer.
 */
const LEAST_COPIED = 1_024

/** Bytes for each field or item, on average, below which it is serialized anew as fast. */
export const LEAST_EACH = 128

/**
 * Items of a list up to which it does not matter how short they are. Copying two thirds of 150,000 small ones
 * took Node 0.12 s instead of 0.007 s.
 */
const FEW_ITEMS = 100

/** A part of the result. */
export type Piece = string | Bytes

/** The same, or the start and end of what is copied. */
type Part = Piece | { start: number; end: number }

const decoder = new TextDecoder()

/** Writes a value that resembles one whose text is known. */
export class Splice {
  readonly #text: Bytes
  /** The outline of the text. */
  readonly #outline: Outline
  readonly #write: (value: unknown) => Steps<Piece[]>
  readonly #parts: Part[] = []

  /** `write`: how what has changed is written. */
  constructor(text: Bytes, outline: Outline, write: (value: unknown) => Steps<Piece[]>) {
    this.#text = text
    this.#outline = outline
    this.#write = write
  }

  /** Whether all of the text is copied. */
  get isWhole(): boolean {
    // The brace, an item without a comma, what is copied, and the brace.
    const [, , all] = this.#parts.length === 4 ? this.#parts : []
    const { start = 0, end = 0 } = all !== undefined && isCopy(all) ? all : {}
    const { marks } = this.#outline
    return start === (marks[0] ?? 0) + 1 && end === marks.at(-1)
  }

  get pieces(): Piece[] {
    return this.#parts.map((part) =>
      isCopy(part) ? this.#text.subarray(part.start, part.end) : part,
    )
  }

  /** `old` is the object as it was parsed. */
  *object(value: Record<string, unknown>, old: Record<string, unknown>): Steps<void> {
    const { marks } = this.#outline
    const list = new List(this.#parts, '{')
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
        yield* this.#value(item, oldItem, colon + 1, end)
      }
    }
    for (const key of left) {
      const item = value[key]
      if (!isWritten(item)) continue
      list.next(`${JSON.stringify(key)}:`)
      this.#parts.push(...(yield* this.#write(item)))
    }
    list.end('}')
  }

  /** Whether a value that has not changed is copied from between `start` and `end`. */
  #isCopied(value: unknown, start: number, end: number): boolean {
    if (end - start >= LEAST_COPIED) return true
    return JSON.stringify(value) === decoder.decode(this.#text.subarray(start, end)).trim()
  }

  /** A value in the place of an old one, which is between `start` and `end` in the text. */
  *#value(value: unknown, old: unknown, start: number, end: number): Steps<void> {
    const isList = value !== old && Array.isArray(value) && Array.isArray(old)
    const isLong = isList && (old.length <= FEW_ITEMS || end - start >= LEAST_EACH * old.length)
    const places = isLong ? placesOf(value, old) : undefined
    if (places === undefined) this.#parts.push(...(yield* this.#write(value)))
    else {
      const strings = this.#outline.cuts?.strings
      const marks = yield* outlineOfArray(this.#text, start, end, strings)
      yield* this.#array(value as unknown[], places, marks)
    }
  }

  *#array(
    value: readonly unknown[],
    places: Map<unknown, Place>,
    marks: readonly number[],
  ): Steps<void> {
    const list = new List(this.#parts, '[')
    for (const item of value) {
      const place = places.get(item)
      const [before, end] = place === undefined ? [] : [marks[place.at], marks[place.at + 1]]
      if (place === undefined || before === undefined || end === undefined) {
        list.next('')
        this.#parts.push(...(yield* this.#write(item)))
      } else if (place.added === undefined) list.copy(place.at, before + 1, end)
      else this.#extended(list, place.added, before + 1, end)
    }
    list.end(']')
  }

  /** An object between `start` and `end`, which is not empty, with more fields. */
  #extended(list: List, added: object, start: number, end: number): void {
    list.next('')
    this.#parts.push({ start, end: this.#text.lastIndexOf(CLOSE, end - 1) })
    this.#parts.push(`,${JSON.stringify(added).slice(1)}`)
  }
}

const CLOSE = 0x7d

function isCopy(part: Part): part is { start: number; end: number } {
  return typeof part === 'object' && 'start' in part
}

/** The index of an object in the list as it was parsed, and the fields that it has got since. */
interface Place {
  at: number
  added?: object | undefined
}

/**
 * Where the objects of a list were in another one that it was made from; undefined where most are new:
 * serializing all of them anew is as fast as finding the others in the text.
 */
function placesOf(
  value: readonly unknown[],
  old: readonly unknown[],
): Map<unknown, Place> | undefined {
  const places = new Map<unknown, Place>()
  for (const [at, item] of old.entries()) {
    if (typeof item === 'object' && item !== null) places.set(item, { at })
  }
  // Before those that were sent, there may be others, as of a stored conversation.
  const more = value.length - old.length
  let same = 0
  for (const [index, item] of value.entries()) {
    const at = index - more
    const added = places.has(item) ? undefined : fieldsAdded(item, old[at])
    if (added !== undefined) places.set(item, { at, added })
    if (places.has(item)) same++
  }
  return 2 * same > old.length ? places : undefined
}

/** The fields that an object has besides those of another one; undefined where others differ. */
function fieldsAdded(value: unknown, old: unknown): object | undefined {
  if (!isObject(value) || !isObject(old) || exactDigits(old) !== undefined) return undefined
  const names = Object.keys(old)
  if (names.length === 0) return undefined
  for (const name of names) if (value[name] !== old[name] || !(name in value)) return undefined
  const added = Object.keys(value).filter((name) => !Object.hasOwn(old, name))
  const written = added.filter((name) => isWritten(value[name]))
  if (written.length === 0 || written.some((name) => name === '__proto__')) return undefined
  return Object.fromEntries(written.map((name) => [name, value[name]]))
}

/** The items of an array, or the fields of an object. */
class List {
  readonly #parts: Part[]
  #isEmpty = true
  /** The last copied item and its piece: what follows in the text as well is copied with it. */
  #last: { at: number; piece: { start: number; end: number } } | undefined

  constructor(parts: Part[], open: string) {
    this.#parts = parts
    parts.push(open)
  }

  /** Begins another item, with this text. */
  next(text: string): void {
    this.#last = undefined
    this.#parts.push(this.#isEmpty ? text : `,${text}`)
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
    this.#parts.push(piece)
    this.#last = { at, piece }
  }

  end(close: string): void {
    this.#parts.push(close)
  }
}
