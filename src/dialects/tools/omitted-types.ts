/** The types of tools, items and blocks that were left out, for the log line and a response header. */

/** The most types, and characters of each: they come from the client. */
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
