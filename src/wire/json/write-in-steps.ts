/**
 * Writes JSON of megabytes in steps, between which other work may run: `JSON.stringify` takes Node 2 ms for each
 * megabyte, in which no stream could go on.
 */
import type { Steps } from '../../util/slices.ts'
import { textPieces } from '../../util/text-pieces.ts'
import { exactDigits } from './exact-integers.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** The least length of the JSON that is written at once, and that of a value from which it is parted. */
const LONG = 61_440

const encoder = new TextEncoder()

/**
 * What `JSON.stringify` returns of a value that has no `toJSON` functions, as UTF-8 in pieces; `null` for what it
 * returns nothing of.
 */
export function* writeInSteps(value: unknown): Steps<Bytes[]> {
  const writer = new Writer()
  yield* writer.value(value)
  writer.flush()
  return writer.pieces
}

class Writer {
  readonly pieces: Bytes[] = []
  #text: string[] = []
  #length = 0

  #add(text: string): void {
    this.#text.push(text)
    this.#length += text.length
  }

  /** Makes a piece of what was written since the last one. */
  flush(): void {
    if (this.#length > 0) this.pieces.push(encoder.encode(this.#text.join('')))
    this.#text = []
    this.#length = 0
  }

  *value(value: unknown): Steps<void> {
    if (lengthOf(value, LONG) < LONG || exactDigits(value) !== undefined) {
      this.#add(JSON.stringify(value) ?? 'null')
      yield* this.#step()
    } else if (typeof value === 'string') yield* this.#string(value)
    else if (Array.isArray(value)) yield* this.#list(value)
    else yield* this.#fields(value as Record<string, unknown>)
  }

  /** Makes a piece where enough was written for one. */
  *#step(): Steps<void> {
    if (this.#length < LONG) return
    this.flush()
    yield
  }

  *#string(text: string): Steps<void> {
    this.#add('"')
    for (const piece of textPieces(text, LONG)) {
      this.#add(JSON.stringify(piece).slice(1, -1))
      this.flush()
      yield
    }
    this.#add('"')
  }

  *#list(items: readonly unknown[]): Steps<void> {
    let before = '['
    for (let at = 0; at < items.length; ) {
      // Short ones are written together, since a call for each takes half as long again.
      const end = endOfRun(items, at)
      this.#add(before)
      before = ','
      if (end === at) yield* this.value(items[at++])
      else {
        this.#add(JSON.stringify(items.slice(at, end)).slice(1, -1))
        at = end
        yield* this.#step()
      }
    }
    this.#add(items.length === 0 ? '[]' : ']')
  }

  *#fields(fields: Record<string, unknown>): Steps<void> {
    this.#add('{')
    let isFirst = true
    for (const key of Object.keys(fields)) {
      const item = fields[key]
      if (!isWritten(item)) continue
      this.#add(isFirst ? `${JSON.stringify(key)}:` : `,${JSON.stringify(key)}:`)
      isFirst = false
      yield* this.value(item)
    }
    this.#add('}')
  }
}

/** The end of those items from `start` on that are short, and long together. */
function endOfRun(items: readonly unknown[], start: number): number {
  let length = 0
  let at = start
  for (; at < items.length && length < LONG; at++) {
    const own = lengthOf(items[at], LONG)
    if (own >= LONG) return at
    length += own
  }
  return at
}

/** Whether `JSON.stringify` writes a field that has this value. */
export function isWritten(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

/**
 * About how long the JSON of a value is; as far as it is longer than `most`, it is not counted.
 *
 * @example
 * lengthOf(['ab', 1], 1_000) // 12
 */
export function lengthOf(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 4
  let length = 2
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && length <= most; at++) {
      length += 1 + lengthOf(value[at], most - length)
    }
    return length
  }
  for (const key in value) {
    if (length > most) break
    const item = (value as Record<string, unknown>)[key]
    length += key.length + 4 + lengthOf(item, most - length)
  }
  return length
}
