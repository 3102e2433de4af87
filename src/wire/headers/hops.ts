/**
 * The header that tells which sluices a request has passed: the id of each, oldest first, separated
 * by commas. A header of our own, as a service worker may not send `Via`, and the entries of other
 * proxies there prove nothing.
 */
export const HOP_HEADER = 'x-sluice-hop'

/**
 * The most sluices that a request may have passed before this one. It also ends loops through instances
 * that do not know each other's id.
 */
export const MAX_HOPS = 8

/** Characters of the longest list that is read. `MAX_HOPS` ids of 64 characters fit. */
const MAX_LENGTH = 600

const ID = /^[\w.-]{1,64}$/

/** Stands for an entry that is no id: it still counts as a hop. */
const UNKNOWN = 'unknown'

/**
 * Reads a hop list. Entries that are not made of letters, digits, `_`, `.` and `-` come out as
 * `unknown`; undefined where there are more than `MAX_HOPS` entries, or the list is too long to read.
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

/** The header's value. */
export function writeHops(hops: readonly string[]): string {
  return hops.join(', ')
}
