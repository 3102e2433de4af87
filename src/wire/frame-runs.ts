/**
 * Proof by comparing, many frames at a time: a regular expression of what stands in every frame,
 * which each runtime compiles to machine code, runs over them in half the time of a loop of ours.
 */

/** Bytes looked at together: few enough to stay in a processor's cache, enough to be worth a text. */
const MOST = 64 * 1024
const LEAST = 16 * 1024
/** Frames a match: their number has to be known, and each match has a cost. */
const FRAMES = 8
/** Frames that are looked at one by one before the next block, and where runs are rare. */
const AFTER_RUNS = 8
const AFTER_FEW = 128

/** A byte a character, so that an index in the text is one in the bytes. */
const latin1 = new TextDecoder('latin1')

/** What stands in a JSON string as it is: ASCII but controls, quote and backslash. */
const PLAIN = '[ !#-\\[\\]-\\x7f]'

export class FrameRuns {
  /** How many frames were found last. */
  found = 0
  readonly #literals: readonly Uint8Array[]
  readonly #textHole: number
  /** Made when a block is first looked at: a stream that is not in a hurry needs none. */
  #pattern: RegExp | undefined
  /** Frames until the next look at a block. */
  #wait = AFTER_RUNS

  /**
   * `literals`: what stands before the first hole, between two, and after the last. The text in
   * `textHole` may not be empty.
   */
  constructor(literals: readonly Uint8Array[], textHole: number) {
    this.#literals = literals
    this.#textHole = textHole
  }

  /**
   * To be called behind every frame that was proven by itself. Where the frames end that begin at
   * `at` and were found: `at` where none was, or it is not yet worth a look. Not all are found that
   * are proven: texts with escapes, or beyond ASCII, are not.
   */
  end(bytes: Uint8Array, at: number, end: number): number {
    this.found = 0
    if (--this.#wait > 0 || end - at < LEAST) return at
    this.#pattern ??= patternOf(this.#literals, this.#textHole)
    const pattern = this.#pattern
    const text = latin1.decode(bytes.subarray(at, Math.min(end, at + MOST)))
    let length = 0
    pattern.lastIndex = 0
    while (pattern.test(text)) {
      length = pattern.lastIndex
      this.found += FRAMES
    }
    this.#wait = length < text.length / 2 ? AFTER_FEW : AFTER_RUNS
    return at + length
  }
}

function patternOf(literals: readonly Uint8Array[], textHole: number): RegExp {
  const [first = '', ...others] = literals.map(escaped)
  const holes = others.map((literal, i) => `${PLAIN}${i === textHole ? '+' : '*'}${literal}`)
  return new RegExp(`(?:${first}${holes.join('')}){${FRAMES}}`, 'y')
}

/** What is beyond ASCII is one of several characters to the decoder, and is never found. */
function escaped(literal: Uint8Array): string {
  const one = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`
  return Array.from(literal, (byte) => (byte < 0x80 ? one(byte) : '[]')).join('')
}
