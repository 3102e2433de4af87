/** Pseudo-random numbers that a seed decides, so that a soak can be run again with the same choices. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T
}

/** The same `seed` and `name` always give the same numbers. */
export function seeded(seed: number, name: string): Random {
  let state = seed >>> 0
  for (const character of name) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0
  // mulberry32, in the public domain.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    between,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new TypeError('There is nothing to pick from.')
      return list[between(0, list.length - 1)] as T
    },
  }
}
