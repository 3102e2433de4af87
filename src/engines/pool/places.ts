/** A request that waits for one of several engines. */
interface Waiting {
  members: readonly object[]
  holder?: object
}

/**
 * The place of each request by its holder, counted at the engine where it is soonest. `waiting`: in the
 * order in which they are served.
 */
export function placesOf(waiting: Iterable<Waiting>): Map<object, number> {
  const ahead = new Map<object, number>()
  const places = new Map<object, number>()
  for (const { members, holder } of waiting) {
    const counts = members.map((member) => ahead.get(member) ?? 0)
    if (holder !== undefined) places.set(holder, Math.min(...counts) + 1)
    for (const [index, member] of members.entries()) ahead.set(member, (counts[index] ?? 0) + 1)
  }
  return places
}
