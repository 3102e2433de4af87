/**
 * The texts of large requests: one that is sent on with a few fields changed is written by copying the bytes of
 * all others. Serializing and encoding 1 MB of messages anew takes 2 ms.
 */
import { concat } from '../../util/bytes.ts'
import { isObject } from '../../util/object.ts'
import { finish, type Steps } from '../../util/slices.ts'
import { exactDigits } from './exact-integers.ts'
import { Outline } from './outline.ts'
import { type Bytes, type KeptSource, setSource, sourceOf } from './sourced.ts'
import { LEAST_EACH, type Piece, Splice } from './splice.ts'
import { writeInSteps } from './write-in-steps.ts'

/**
 * Remembers the text of an object that was parsed from it: `serialize` then copies what has not changed.
 * From here on, neither the text nor anything within the object's fields may be changed in place; fields
 * may be added, removed and replaced, also by lists with some of the same items. `outline`: as `scanJson` made it.
 */
export function keepSource(value: unknown, text: Bytes, outline: Outline): void {
  // A text that is a long integer alone is parsed to a frozen object.
  if (!isObject(value) || Object.isFrozen(value)) return
  const fields = outline.marks.length / 2
  if (fields > MOST_FIELDS || fields * LEAST_EACH > text.length) return
  setSource(value, new TextSource({ ...value }, text, outline))
}

/**
 * Fields beyond which an object is serialized anew, however long they are: each is compared by itself, and
 * 150,000 of 130 bytes took Node 0.3 s for each attempt instead of 0.1 s.
 */
const MOST_FIELDS = 1_000

/**
 * What `serialize` returns, as bytes, in steps, between which other work may run: in pieces, most of which are parts
 * of the text that the object was parsed from.
 */
export function* serializeInSteps(value: object): Steps<Bytes[]> {
  const source = sourceOf(value) as TextSource | undefined
  const copied = source && (yield* source.copied(value, writeInSteps))
  return (copied ?? (yield* writeInSteps(value))).map(encoded)
}

/** How a value is written that is not copied. */
type Write = (value: unknown) => Steps<Piece[]>

// biome-ignore lint/correctness/useYield: it has a single step.
function* wholly(value: unknown): Steps<Piece[]> {
  return [JSON.stringify(value) ?? 'null']
}

function encoded(piece: Piece): Bytes {
  return typeof piece === 'string' ? encoder.encode(piece) : piece
}

const encoder = new TextEncoder()

/** A parsed object and its text. */
class TextSource implements KeptSource {
  readonly inSteps = serializeInSteps
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

  get length(): number {
    return this.#text?.length ?? 0
  }

  write(value: object): Bytes | undefined {
    const pieces = finish(this.copied(value, wholly))
    return pieces && concat(pieces.map(encoded))
  }

  /** Undefined where the value has to be serialized anew. `write`: how what has changed is written. */
  *copied(value: object, write: Write): Steps<readonly Piece[] | undefined> {
    const text = this.#text
    if (text === undefined) return undefined
    // Of two equal keys, parsers take different ones: the value has the one that was checked.
    this.#isFaithful ??= (yield* countKeys(this.#fields)) === this.#outline.keys
    if (!this.#isFaithful) return undefined
    const splice = new Splice(text, this.#outline, write)
    yield* splice.object(value as Record<string, unknown>, this.#fields)
    return splice.isWhole ? [text] : splice.pieces
  }
}

/** Keys that are counted in one step. */
const COUNTED = 2_048

/** The keys of all objects in a parsed value. */
function* countKeys(fields: object): Steps<number> {
  let count = 0
  let counted = 0
  for (const value of Object.values(fields)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      count += keysIn(item)
      if (count - counted < COUNTED) continue
      counted = count
      yield
    }
  }
  return count + Object.keys(fields).length
}

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) count += keysIn(item)
    return count
  }
  if (exactDigits(value) !== undefined) return 0
  for (const key in value) count += 1 + keysIn((value as Record<string, unknown>)[key])
  return count
}
