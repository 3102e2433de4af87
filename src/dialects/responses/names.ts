/** Names of the chat functions that replace the tools of a Responses request. */

/** OpenAI's chat API takes these, and local servers rely on it. */
const LENGTH = 64

/**
 * Gives each tool a unique name. It depends only on the tools before it, so that it stays the same
 * from turn to turn.
 */
export class ToolNames {
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  /** The next number to try for a name, so that many tools of one name stay cheap. */
  readonly #counts = new Map<string, number>()

  /** Reserves the name of a top-level function, which is passed unchanged. */
  plain(name: string): string {
    this.#taken.add(name)
    return name
  }

  /** `kind` distinguishes tools that may have the same name: a function and a custom tool. */
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
