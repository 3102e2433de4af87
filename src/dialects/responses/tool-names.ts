/** The names of the chat functions that replace the tools of a Responses request. */
import { withoutTrailing } from '../../util/without-trailing.ts'

/** The limit of OpenAI's chat API, which local servers rely on. */
const MAX_LENGTH = 64

/**
 * Gives each tool a unique name that depends only on the tools before it, so that it stays the same in
 * every request of a conversation.
 */
export class ToolNames {
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  /** The next number to try after a shortened name, so that many tools with one name stay cheap. */
  readonly #counts = new Map<string, number>()

  /** Reserves the name of a top-level function, which does not change. */
  reserve(name: string): string {
    this.#taken.add(name)
    return name
  }

  /** `kind` distinguishes tools that may have the same name: a function and a custom tool. */
  nameFor(kind: string, name: string, namespace?: string): string {
    const key = JSON.stringify([kind, namespace ?? null, name])
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const unique = this.#unique(flat(name, namespace))
    this.#names.set(key, unique)
    this.#taken.add(unique)
    return unique
  }

  #unique(name: string): string {
    const short = name.slice(0, MAX_LENGTH)
    if (name.length <= MAX_LENGTH && !this.#taken.has(name)) return name
    for (let digits = 1; ; digits++) {
      const base = short.slice(0, MAX_LENGTH - 1 - digits)
      const other = this.#numbered(base, digits)
      if (other !== undefined) return other
    }
  }

  /** The first free name with so many digits after the base; undefined if none is left. */
  #numbered(base: string, digits: number): string | undefined {
    const key = `${digits} ${base}`
    const least = Math.max(2, 10 ** (digits - 1))
    for (let count = this.#counts.get(key) ?? least; count < 10 ** digits; count++) {
      const other = `${base}_${count}`
      this.#counts.set(key, count + 1)
      if (!this.#taken.has(other)) return other
    }
    return undefined
  }
}

function flat(name: string, namespace: string | undefined): string {
  const whole = namespace === undefined ? name : `${withoutTrailing('_', namespace)}__${name}`
  return whole.replace(/[^\w-]/g, '_') || 'tool'
}
