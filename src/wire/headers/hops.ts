/**
 * The header with the ids of the sluice instances that a request has passed, oldest first, separated by
 * commas. Not `Via`, because a service worker may not send that, and entries of other proxies in it prove
 * nothing.
 */
export const HOP_HEADER = 'x-sluice-hop'

/**
 * The most instances that a request may have passed before this one. It also ends loops
 * in which no instance finds its own id, such as loops through load-balanced replicas.
 */
export const MAX_HOPS = 8

/** The most characters of the list. `MAX_HOPS` ids of 64 characters fit. */
const MAX_LENGTH = 600

const ID = /^[\w.-]{1,64}$/

/** Replaces an entry that is not a valid id; it still counts as a hop. */
const UNKNOWN = 'unknown'

/**
 * Parses a hop list. Entries with other characters than letters, digits, `_`, `.` and `-` become
 * `unknown`. Undefined if there are more than `MAX_HOPS` entries, or if the list is too long.
 *
 * @example
 * readHops('a1, b2') // ['a1', 'b2']
 */
export function readHops(header: string | null): string[] | undefined {
  if (header === null) return []
  if (header.length > MAX_LENGTH) return undefined
  const entries = header.split(',').map((entry) => entry.trim())
  const hops = entries.filter((entry) => entry !== '')
  if (hops.length > MAX_HOPS) return undefined
  return hops.map((hop) => (ID.test(hop) ? hop : UNKNOWN))
}

/** Formats a hop list as the header's value. */
export function writeHops(hops: readonly string[]): string {
  return hops.join(', ')
}
