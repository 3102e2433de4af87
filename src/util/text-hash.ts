/**
 * A hash of texts, for placing and recognizing things: fast, and with so few collisions among millions
 * that one costs nothing. It hides nothing and resists no attacker. Two lanes of FNV-1a over UTF-16
 * units, since one lane has only 32 bits.
 *
 * @example
 * const hash = new TextHash()
 * hash.add('a')
 * hash.value // 14 characters
 */
export class TextHash {
  #a = 0x811c9dc5
  #b = 0x01000193

  /** Adds a text. Where one ends and the next begins makes a difference. */
  add(text: string): void {
    let a = this.#a
    let b = this.#b
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul((b << 5) ^ (b >>> 27) ^ unit, 0x85ebca6b)
    }
    this.#a = Math.imul(a ^ text.length, 0x01000193)
    this.#b = Math.imul(b ^ text.length, 0xc2b2ae35)
  }

  get value(): string {
    return `${finished(this.#a)}${finished(this.#b)}`
  }
}

/** Lets every bit of the state change about half of the result: FNV's last unit changes few. */
function finished(state: number): string {
  const once = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return ((twice ^ (twice >>> 16)) >>> 0).toString(36).padStart(7, '0')
}
