/** Makes one list of conversations of those that two tabs have. */

interface Named {
  id: string
}

/**
 * Those that this tab has changed, begun or deleted since `base` are its own; the others are as the other tab has
 * them. Of one that both have changed, the longer one stays. Both tabs make the same list, whichever of them is
 * `own`, so that they do not store theirs in turn for ever.
 */
export function mergeConversations<Conversation extends Named>(
  own: Conversation[],
  other: Conversation[],
  base: Conversation[],
): Conversation[] {
  const before = byId(base)
  const here = byId(own)
  const there = byId(other)
  const mine = own.filter((each) => !isSame(each, before.get(each.id)))
  const changed = new Map(mine.map((each) => [each.id, each]))
  const isDeleted = ({ id }: Conversation) => before.has(id) && !here.has(id)
  const listed = other.filter((each) => !isDeleted(each))
  const begun = mine.filter(({ id }) => !there.has(id))
  const merged = [...begun, ...listed].map((each) => {
    const isTheirs = !isSame(each, before.get(each.id))
    const ours = changed.get(each.id)
    return ours === undefined ? each : isTheirs ? longer(ours, each) : ours
  })
  return inOneOrder(merged, own)
}

/** The same conversations may stand in another order in the other tab: one of the two holds for both. */
function inOneOrder<Conversation extends Named>(
  merged: Conversation[],
  own: readonly Conversation[],
): Conversation[] {
  if (merged.length !== own.length || namesOf(own) <= namesOf(merged)) return merged
  const all = byId(merged)
  const sorted = own.flatMap(({ id }) => all.get(id) ?? [])
  return sorted.length === merged.length ? sorted : merged
}

function namesOf(all: readonly Named[]): string {
  return all.map(({ id }) => id).join()
}

function byId<Conversation extends Named>(all: readonly Conversation[]): Map<string, Conversation> {
  return new Map(all.map((each) => [each.id, each]))
}

function isSame(one: Named, other: Named | undefined): boolean {
  return one === other || (other !== undefined && JSON.stringify(one) === JSON.stringify(other))
}

function longer<Conversation extends Named>(one: Conversation, other: Conversation): Conversation {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
  if (a.length !== b.length) return a.length > b.length ? one : other
  return a > b ? one : other
}
