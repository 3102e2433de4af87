/** The types of tools, items and blocks that a translation left out, for the log and a response header. */

/** The most types and the most characters of each, because they come from the client. */
const MAX_TYPES = 16
const MAX_LENGTH = 40

export class OmittedTypes {
  readonly #types = new Set<string>()

  add(type: string): void {
    if (this.#types.size >= MAX_TYPES) return
    const safe = type.slice(0, MAX_LENGTH).replace(/[^\w.-]/g, '_')
    this.#types.add(safe || '_')
  }

  get names(): string[] {
    return [...this.#types]
  }
}
