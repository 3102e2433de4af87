/** The most callers whose answers are remembered: a program may identify any number of them. */
const MAX_CALLERS = 10_000

/** How much of the difference to a shorter answer counts. */
const FALL = 0.2

/**
 * How many tokens the answers to each caller had lately. It rises with a longer answer at once and falls
 * slowly, so that most answers are not longer.
 */
export class AnswerLengths {
  /** By the name of a caller; the one that was added to last is last. */
  readonly #recent = new Map<string, number>()

  /** Tokens of one answer; undefined before the first. */
  recent(name: string): number | undefined {
    return this.#recent.get(name)
  }

  /** `isShortened`: it could not have been longer than it was, so that only a longer one counts. */
  add(name: string, tokens: number, isShortened = false): void {
    const before = this.#recent.get(name)
    if (isShortened && (before === undefined || tokens <= before)) return
    this.#recent.delete(name)
    this.#set(name, tokens, before ?? 0)
  }

  #set(name: string, tokens: number, before: number): void {
    this.#recent.set(name, tokens >= before ? tokens : before + (tokens - before) * FALL)
    if (this.#recent.size <= MAX_CALLERS) return
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest)
      return
    }
  }
}
