/** The names that a chat's functions have for the tools of a Responses request. */

/** OpenAI's chat API takes these, and local servers rely on it. */
const LENGTH = 64

/**
 * Gives each tool a name of its own, which stays the same for a conversation: it depends on nothing
 * but the tools before it.
 */
export class ToolNames {
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  /** The number that the next tool of a name begins with: so many tools of one name stay cheap. */
  readonly #counts = new Map<string, number>()

  /** A plain function's name is the client's own, whatever it is. */
  plain(name: string): string {
    this.#taken.add(name)
    return name
  }

  /** `kind` tells apart tools that clients may name alike. */
  of(kind: string, name: string, namespace?: string): string {
    const key = JSON.stringify([kind, namespace ?? null, name])
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const unique = this.#unique(flat(name, namespace))
    this.#names.set(key, unique)
    this.#taken.add(unique)
    return unique
  }

  #unique(name: string): string {
    const short = name.slice(0, LENGTH)
    if (name.length <= LENGTH && !this.#taken.has(name)) return name
    for (let count = this.#counts.get(short) ?? 2; ; count++) {
      const end = `_${count}`
      const other = short.slice(0, LENGTH - end.length) + end
      if (this.#taken.has(other)) continue
      this.#counts.set(short, count + 1)
      return other
    }
  }
}

function flat(name: string, namespace: string | undefined): string {
  const whole = namespace === undefined ? name : `${namespace.replace(/_+$/, '')}__${name}`
  return whole.replace(/[^\w-]/g, '_') || 'tool'
}
