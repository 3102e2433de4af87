/** Patience with a server that loads a model before it can answer. */
import type { Exchange } from '../../stream/exchange.ts'
import type { Route } from '../registry/router.ts'
import type { PoolMember } from './member.ts'

/** The engines that serve a model, and the route to each, in the same order. */
interface Choice {
  exchange: Pick<Exchange, 'caller'>
  members: PoolMember[]
  routes: readonly Route[]
}

/**
 * The engines to choose from first: while one has a free slot that need not load the model, those that
 * would have to are left out.
 */
export function preferLoaded(choice: Choice, now: number): PoolMember[] {
  const { members, exchange } = choice
  if (members.length < 2) return members
  const ready = withoutUnloaded(choice, members)
  if (ready.length === members.length) return members
  const free = ready.filter(
    ({ hasFreeSlot, isDown, breaker }) =>
      hasFreeSlot && !isDown && breaker.allows(now, exchange.caller),
  )
  return free.length > 0 ? free : members
}

/** Those of the engines that are not known to have the model unloaded. */
export function withoutUnloaded(choice: Choice, members: PoolMember[]): PoolMember[] {
  const { routes } = choice
  if (!routes.some(({ loaded }) => loaded === false)) return members
  const unloaded = new Set(choice.members.filter((_, at) => routes[at]?.loaded === false))
  return members.filter((member) => !unloaded.has(member))
}

/** Whether an engine is known to have the model unloaded. A plain server does not say whether it has. */
export function isUnloaded(choice: Choice, member: PoolMember): boolean {
  return loadedAt(choice, member) === false
}

function loadedAt({ members, routes }: Choice, member: PoolMember): boolean | undefined {
  return routes[members.indexOf(member)]?.loaded
}
