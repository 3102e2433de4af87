/** How many bodies of each key are read in this process before their requests are counted. */
import type { Levels, LimitsOfKey } from '../state/limits.ts'
import { type KnownRefusal, later } from './denials.ts'
import { exhaustedRequests } from './exhausted.ts'

/** Milliseconds for which levels are known that other instances change too. */
const LEVELS_KNOWN = 1_000

interface Reading {
  count: number
  /** What the store has told last, and when. */
  told?: { levels: Levels; at: number } | undefined
}

export class Bodies {
  readonly #byKey = new Map<string, Reading>()
  readonly #clock: () => number

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /**
   * Counts one more, unless those that are read use up what is left: then returns what refuses it. `levels`: what
   * is left, where that is known.
   */
  begin(key: string, limits: LimitsOfKey, levels: Levels | undefined): KnownRefusal | undefined {
    const reading = this.#byKey.get(key)
    if (reading === undefined) {
      this.#byKey.set(key, { count: 1 })
      return undefined
    }
    const found = levels && exhaustedRequests(levels, limits, reading.count)
    if (levels && found) return { ...found, levels }
    reading.count++
    return undefined
  }

  end(key: string): void {
    const reading = this.#byKey.get(key)
    if (reading !== undefined && --reading.count <= 0) this.#byKey.delete(key)
  }

  /** Whether others are read. */
  has(key: string): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key)
  }

  /** Remembers what the store has told of a key. */
  learn(key: string, levels: Levels): void {
    const reading = this.#byKey.get(key)
    if (reading !== undefined) reading.told = { levels, at: this.#clock() }
  }

  /** What the store has told of a key lately. */
  known(key: string): Levels | undefined {
    const told = this.#byKey.get(key)?.told
    const passed = told === undefined ? Infinity : this.#clock() - told.at
    return told && passed < LEVELS_KNOWN ? later(told.levels, passed) : undefined
  }
}
