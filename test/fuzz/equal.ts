import { isDeepStrictEqual } from 'node:util'

/** Throws an error that shows both values if they differ. */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what}: got ${shown(actual)}, expected ${shown(expected)}`)
}

/** Throws an error with the message where the condition does not hold. */
export function requireThat(holds: boolean, message: string | (() => string)): asserts holds {
  if (!holds) throw new Error(typeof message === 'string' ? message : message())
}

/** A value as text, cut to a readable length. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : stringified(value)
  return text.length > 1_500 ? `${text.slice(0, 1_500)}… (${text.length} characters)` : text
}

function stringified(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
