export interface Composed {
  text: string
  /** It stood in `"""`: a message, whatever it begins with. */
  quoted: boolean
}

/**
 * Lines become messages: a line that ends with a backslash goes on in the next, `"""` opens and
 * closes a text of many lines, and so does a paste.
 */
export class Composer {
  #lines: string[] = []
  /** Inside `"""`. */
  #quoted = false

  /** Whether a message has begun that is not yet whole. */
  get isOpen(): boolean {
    return this.#lines.length > 0 || this.#quoted
  }

  /** The whole message, as soon as this line ends it. `pasted`: more of it is to come in any case. */
  add(line: string, pasted = false): Composed | undefined {
    if (this.#quoted) return this.#addQuoted(line)
    if (!this.isOpen && line.trimStart().startsWith('"""')) return this.#open(line.trimStart())
    const goesOn = !pasted && line.endsWith('\\')
    this.#lines.push(goesOn ? line.slice(0, -1) : line)
    return goesOn || pasted ? undefined : this.#take()
  }

  /** Forgets what was begun. */
  clear(): void {
    this.#lines = []
    this.#quoted = false
  }

  #open(line: string): Composed | undefined {
    this.#quoted = true
    const rest = line.slice(3)
    return rest === '' ? undefined : this.#addQuoted(rest)
  }

  #addQuoted(line: string): Composed | undefined {
    if (!line.trimEnd().endsWith('"""')) {
      this.#lines.push(line)
      return undefined
    }
    const rest = line.trimEnd().slice(0, -3)
    if (rest !== '') this.#lines.push(rest)
    return this.#take()
  }

  #take(): Composed {
    const composed = { text: this.#lines.join('\n'), quoted: this.#quoted }
    this.clear()
    return composed
  }
}
