/** Chooses the engine whose concurrency slot a request gets. */
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Conversation } from './conversations.ts'
import type { PoolMember } from './member.ts'

/** A request, as far as the choice of its engine goes. */
export interface Choosing {
  /** The name of the client's key; empty where clients are not distinguished. */
  caller: string
  /** The engines that can answer, in the order of the settings. */
  members: PoolMember[]
  /** There is no other engine: ask it even if its circuit breaker is open. */
  isForced: boolean
  /** Whether any other engine serves the model, also one that is not to be asked now. */
  isCompared?: boolean
  /** The conversation that it continues, where that is known. */
  conversation?: Conversation | undefined
  /** Milliseconds that it may wait for the engine of its conversation, while others are free. */
  affinityWait?: number | undefined
}

/** The engine that a waiting request waits for, and until when it takes no other one's slot. */
export interface Preference {
  preferred?: PoolMember | undefined
  preferredUntil?: number | undefined
}

/** The engine to use now, or else how to wait. */
export interface Choice extends Preference {
  best?: PoolMember | undefined
}

/**
 * How far an engine may exceed its share of the load and still keep its conversations: the factor of
 * "Consistent Hashing with Bounded Loads" (Mirrokni, Thorup and Zadimoghaddam, 2016), as HAProxy's
 * documentation of `hash-balance-factor` recommends it. `least`: the load that any engine may have, since llama-server has
 * four slots.
 */
const BOUND = { factor: 1.25, least: 4 }

/**
 * Chooses the engine of the conversation where that has a free slot, and otherwise the best one. A request
 * may wait for the slot of its conversation's engine for a while, as to process the whole prompt elsewhere
 * often takes longer. Source: "Delay Scheduling" (Zaharia et al., EuroSys 2010). Where another engine is
 * free, it does so only if a slot is likely to be freed in that time. `hasRoom`: whether it may join the
 * queue.
 */
export function choose(
  request: Choosing,
  queue: Iterable<Preference>,
  hasRoom: boolean,
  now: number,
): Choice {
  const own = engineOf(request, now)
  if (own?.hasFreeSlot) return { best: own }
  const best = bestMember(request, now)
  const { affinityWait = 0 } = request
  if (own === undefined || affinityWait === 0) return { best }
  if (best !== undefined && !(hasRoom && expectedWait(own, queue) <= affinityWait)) return { best }
  return { preferred: own, preferredUntil: now + affinityWait }
}

/** Milliseconds until an engine without a free slot has probably answered what waits for it. */
function expectedWait(member: PoolMember, queue: Iterable<Preference>): number {
  let ahead = 1
  for (const { preferred } of queue) if (preferred === member) ahead++
  return (ahead * member.averageDuration.value * 1_000) / member.concurrencyLimit
}

/** Whether an engine may get the request now. */
export function mayUse(request: Choosing & Preference, member: PoolMember, now: number): boolean {
  return request.members.includes(member) && isUsable(request, member, now)
}

/** The same for one of the request's own engines, of which there may be a hundred. */
function isUsable(request: Choosing & Preference, member: PoolMember, now: number): boolean {
  // Only where all are gone is it told so, and sent elsewhere.
  if (member.isGone) return request.members.every(({ isGone }) => isGone)
  return allows(request, member, now) && !waits()

  function waits(): boolean {
    const { preferred, preferredUntil = 0 } = request
    if (preferred === undefined || preferred === member || now >= preferredUntil) return false
    return isFit(request, preferred, now)
  }
}

function allows({ isForced, caller }: Choosing, member: PoolMember, now: number): boolean {
  return isForced || member.breaker.allows(now, caller)
}

/** Whether an engine may be preferred: it works, and did not ask to be left alone. */
function isFit(request: Choosing, member: PoolMember, now: number): boolean {
  if (member.isGone || member.isDown) return false
  return now >= member.backoffUntil && allows(request, member, now)
}

/** The best of the engines with a free slot. */
function bestMember(request: Choosing, now: number): PoolMember | undefined {
  let best: PoolMember | undefined
  for (const member of request.members) {
    if (!member.hasFreeSlot || !isUsable(request, member, now)) continue
    if (best === undefined || member.isBetterThan(best, now)) best = member
  }
  return best
}

/**
 * The engine that has the request's conversation in its prompt cache, if that engine may get the request. Where
 * the conversation has a request in progress, this one is no next turn of it, but one of several that
 * begin alike: they share the load as all others do.
 */
function engineOf(request: Choosing, now: number): PoolMember | undefined {
  const { conversation, members } = request
  const member = conversation?.running === 0 ? conversation.member : undefined
  if (member === undefined || !members.includes(member)) return undefined
  return isFit(request, member, now) && isWithinBound(member, members) ? member : undefined
}

/**
 * Where it has a limit, its requests are bounded by that: by its slots, and by how long a request may wait
 * for one. Its conversations are bounded too, or all would stay at one engine after the failure of another:
 * its cache would be too small for them, while the other engine is idle.
 */
function isWithinBound(member: PoolMember, members: readonly PoolMember[]): boolean {
  const isLimited = member.concurrencyLimit < Number.POSITIVE_INFINITY
  const room = isLimited ? member.concurrencyLimit : BOUND.least
  const share = (of: (each: PoolMember) => number) =>
    (members.reduce((sum, each) => sum + of(each), 0) * member.size) /
    members.reduce((sum, each) => sum + each.size, 0)
  if (member.conversations > Math.max(room, most(share((each) => each.conversations)))) return false
  return isLimited || member.running < Math.max(room, most(share(({ running }) => running)))
}

/** Rounded so that nothing moves to and fro: of three conversations, one of two engines may have two. */
function most(share: number): number {
  return Math.max(Math.ceil(share), Math.floor(BOUND.factor * share))
}

/** The refusal (503) where no circuit breaker allows the request. */
export function breakerOpen(
  { members, caller }: Pick<Choosing, 'members' | 'caller'>,
  now: number,
): ApiError {
  const retryIn = Math.min(...members.map(({ breaker }) => breaker.retryIn(now, caller)))
  const seconds = Math.max(1, Math.ceil(retryIn / 1000))
  const names = members.map(({ engine }) => engine.label).join(' and ')
  const message = `The circuit breaker of ${names} is open after repeated failures; it allows the next request in about ${seconds} s. Try again then.`
  return new ApiError(503, message, {
    code: 'engine_resting',
    headers: { 'retry-after': String(seconds) },
  })
}
