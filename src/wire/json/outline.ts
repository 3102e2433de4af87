/** Where the parts of JSON text are. */
import type { Steps } from '../../util/slices.ts'
import type { Cuts } from './cuts.ts'
import { endOfString } from './depth.ts'

/** Of a text, as `scanJson` made it. */
export class Outline {
  /**
   * The positions that part the fields of the outermost object: of its brace, of the colon and the comma of
   * each field, and of the brace at its end instead of the last comma.
   */
  readonly marks: number[] = []
  /** The keys of all objects. */
  keys = 0
  /** Where the fields and items of the values in these fields may be parted; only for a text that is parsed in steps. */
  readonly cuts: Cuts | undefined

  constructor(cuts?: Cuts) {
    this.cuts = cuts
  }
}

const QUOTE = 0x22
const COMMA = 0x2c

/** Bytes that are read in one step. */
const STEP = 262_144

/**
 * The positions of the brackets and commas of an array in valid JSON text. `start` is before it and `end`
 * behind it, with nothing but white space between. `strings`: where long strings end, as far as that is known.
 */
export function* outlineOfArray(
  bytes: Uint8Array,
  start: number,
  end: number,
  strings?: ReadonlyMap<number, number>,
): Steps<number[]> {
  const marks: number[] = []
  let depth = 0
  let next = start + STEP
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === QUOTE) at = strings?.get(at) ?? endOfString(bytes, at)
    else if (byte === 0x5b || byte === 0x7b) {
      if (depth++ === 0) marks.push(at)
    } else if (byte === 0x5d || byte === 0x7d) {
      if (--depth === 0) marks.push(at)
    } else if (depth === 1 && byte === COMMA) marks.push(at)
    if (at < next) continue
    next = at + STEP
    yield
  }
  return marks
}
