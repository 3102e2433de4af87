// Not the global one, which a target's clock replaces.
import { clearTimeout, setTimeout } from 'node:timers'
import fc from 'fast-check'

/** What one part of the fuzzing generates, and what must hold for it. Inputs are plain JSON. */
export interface Target {
  name: string
  /** The code under test, and the judge it is compared with. */
  about: string
  /** Cases of the short run, which is part of `npm test`. */
  short: number
  /** Cases of one seed: fewer where a case takes long. 500 by default. */
  batch?: number
  /** The input is JSON, so that a finding can be stored in a file and replayed from it. */
  input: fc.Arbitrary<unknown>
  /** Throws where something is wrong. Resolves when everything the input started has ended. */
  check(input: unknown): Promise<void> | void
}

/** A target whose `check` takes what its `input` generates. */
export function target<T>(
  definition: Omit<Target, 'input' | 'check'> & {
    input: fc.Arbitrary<T>
    check(input: T): Promise<void> | void
  },
): Target {
  return { ...definition, check: (input) => definition.check(input as T) }
}

/** Milliseconds after which a case counts as hanging. */
const HANGS_AFTER = 20_000

/** Runs one case. Rejects with what is wrong, also if it does not end. */
export async function runCase({ check }: Target, input: unknown): Promise<void> {
  // A check may change what it is given; shrinking and the stored finding need it as it was.
  const checking = check(structuredClone(input))
  if (checking === undefined) return
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`the case has not ended within ${HANGS_AFTER / 1000} s`))
  }, HANGS_AFTER)
  try {
    await Promise.race([checking, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The property that fast-check runs; once stopped, it has nothing left to say. */
export function propertyOf(each: Target, isStopped = () => false) {
  return fc.asyncProperty(each.input, async (input) => {
    if (!isStopped()) await runCase(each, input)
  })
}
