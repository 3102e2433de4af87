/** The types of what an engine was not told, as the log line and a header name them. */

/** Types named, and characters of each: they are a client's words. */
const MOST = 16
const LENGTH = 40

export class Omitted {
  readonly #types = new Set<string>()

  add(type: string): void {
    if (this.#types.size >= MOST) return
    const safe = type.slice(0, LENGTH).replace(/[^\w.-]/g, '_')
    this.#types.add(safe || '_')
  }

  get types(): string[] {
    return [...this.#types]
  }
}
