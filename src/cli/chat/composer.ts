export interface Composed {
  text: string
  /** It was between `"""`: a message, even if it begins with a slash. */
  quoted: boolean
}

/**
 * Joins lines to messages: a line that ends with a backslash continues on the next, `"""` begins and
 * ends a text of several lines, and so does a paste.
 */
export class Composer {
  #lines: string[] = []
  /** Inside `"""`. */
  #quoted = false

  /** Whether a message has begun and not ended. */
  get isOpen(): boolean {
    return this.#lines.length > 0 || this.#quoted
  }

  /** The whole message, if this line ends it. `pasted`: more lines of it follow in any case. */
  add(line: string, pasted = false): Composed | undefined {
    if (this.#quoted) return this.#addQuoted(line)
    if (!this.isOpen && line.trimStart().startsWith('"""')) return this.#open(line.trimStart())
    const goesOn = !pasted && line.endsWith('\\')
    this.#lines.push(goesOn ? line.slice(0, -1) : line)
    return goesOn || pasted ? undefined : this.#take()
  }

  /** Discards an unfinished message. */
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
