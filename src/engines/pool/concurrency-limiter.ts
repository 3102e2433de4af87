import { separateTickers, type Ticker } from '../../stream/ticker.ts'
import { toDisplace } from '../../util/fair-queue.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import { breakerOpen, type Choosing, choose, mayUse, type Preference } from './choice.ts'
import type { PoolMember } from './member.ts'
import { placesOf } from './places.ts'
import { type Polling, PollSchedule } from './poll-schedule.ts'
import { displacedByOther, queueFull } from './queue-full.ts'
import { Slot } from './slot.ts'
import { SlotQueue, type SlotQueueEntry } from './slot-queue.ts'

/**
 * Milliseconds of a slot's lease, where requests are isolated: a request whose client is gone may
 * be dropped there without running any of its code, so that it would never free its slot.
 */
const LEASE = { renewEvery: 1_000, expiresAfter: 15_000 }

export interface SlotRequest extends Choosing {
  /** No client waits for its answer: those of clients that do are served first. */
  isBackground?: boolean | undefined
  /** Leaves the queue. */
  signal: AbortSignal
  /** Whatever waits, by which its place is found. */
  holder?: object
}

type WaitResult = { slot: Slot } | { refusal: ApiError }

interface Waiter extends SlotQueueEntry, Choosing, Preference, Polling {
  members: PoolMember[]
  holder?: object
  renewedAt: number
  result?: WaitResult
  /** Settles the waiter's promise, if there is a result. */
  wake: () => void
}

/** The timer for the moment at which a breaker allows a waiting request. */
interface BreakerWatch {
  at: number
  timer?: ReturnType<typeof setTimeout>
}

const NO_WATCH: BreakerWatch = { at: Number.POSITIVE_INFINITY }

/**
 * The concurrency slots of all engines, and one fair queue for them. Where requests are isolated
 * (workerd), no request may resolve another one's promise: each waiter polls for its result, and
 * the slots of requests that vanished are reclaimed when their lease expires.
 */
export class ConcurrencyLimiter {
  /** Another one after the settings were reloaded. */
  maxQueued: number
  readonly #queue = new SlotQueue<Waiter>()
  /** Slots with a lease. */
  readonly #leased = new Set<Slot>()
  #reclaimedAt = 0
  #breakerWatch: BreakerWatch = NO_WATCH
  /** When waiters look for their slots, where no request may wake another. */
  readonly #polls: PollSchedule | undefined
  readonly #leaseTicker: Ticker | undefined

  /**
   * `maxQueued`: how many requests of waiting clients may wait for the same engine. Those in the
   * background wait beside them, and are limited where they begin.
   */
  constructor(maxQueued: number, isolated: boolean) {
    this.maxQueued = maxQueued
    this.#polls = isolated ? new PollSchedule(this.#queue) : undefined
    this.#leaseTicker = isolated ? separateTickers(LEASE.renewEvery) : undefined
  }

  /** The length of the queue. */
  get waiting(): number {
    return this.#queue.size
  }

  /** The place of each waiter by its holder: 1 is the next one at an engine that it waits for. */
  places(): Map<object, number> {
    return placesOf(this.#queue.inTurn())
  }

  /**
   * A slot at the best of the engines; a promise if all are occupied. Throws an `ApiError` (503)
   * where the queue is full or the circuit breaker of every engine is open. The promise rejects
   * with the signal's reason, or with an `ApiError` (503) where a request of a caller with fewer in
   * the full queue takes its place.
   */
  acquire(request: SlotRequest): Slot | Promise<Slot> {
    const now = performance.now()
    if (this.#leased.size > 0) this.#reclaimExpired(now)
    if (this.#queue.size > 0)
      for (const member of request.members) this.assignFreeSlots(member, now)
    const hasRoom = this.#queue.interactiveSize < this.maxQueued
    const { best, ...preference } = choose(request, this.#queue, hasRoom, now)
    if (best !== undefined) return this.#startLease(this.#createSlot(best, now, request))
    if (!request.members.some((member) => mayUse(request, member, now))) {
      throw breakerOpen(request, now)
    }
    this.#makeRoom(request)
    return this.#wait({ ...request, ...preference }, now)
  }

  #wait({ signal, ...request }: SlotRequest & Preference, now: number): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        ...request,
        renewedAt: now,
        wake: () => {
          const { result } = waiter
          if (result === undefined) return
          stop()
          if ('slot' in result) resolve(this.#startLease(result.slot))
          else reject(result.refusal)
        },
      }
      const leave = () => {
        stop()
        if (waiter.result === undefined) this.#queue.remove(waiter)
        else if ('slot' in waiter.result) waiter.result.slot.release({ kind: 'cancelled' })
        reject(signal.reason)
      }
      const stopPolling = this.#polls
        ? this.#poll(waiter, this.#polls)
        : this.#endPreference(waiter)
      const stop = () => {
        stopPolling?.()
        signal.removeEventListener('abort', leave)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(waiter)
      if (signal.aborted) leave()
      else if (request.members.some(({ hasFreeSlot }) => hasFreeSlot)) this.#watchBreakers(now)
    })
  }

  /**
   * Lets the waiter have any engine's slot once it has waited for the preferred one for long enough,
   * unless the returned function is called before. Where waiters poll, each sees that by itself.
   */
  #endPreference(waiter: Waiter): (() => void) | undefined {
    const { members, preferredUntil } = waiter
    if (preferredUntil === undefined) return undefined
    const timer = setTimeout(() => {
      // A timer may fire a little early.
      waiter.preferred = undefined
      for (const member of members) this.assignFreeSlots(member, performance.now())
    }, preferredUntil - waiter.renewedAt)
    return () => clearTimeout(timer)
  }

  /** Looks for the waiter's slot until the returned function is called. */
  #poll(waiter: Waiter, polls: PollSchedule): () => void {
    let isOver = false
    const look = () => {
      const now = performance.now()
      waiter.renewedAt = now
      this.#reclaimExpired(now)
      for (const member of waiter.members) {
        if (member.hasFreeSlot && mayUse(waiter, member, now)) this.assignFreeSlots(member, now)
      }
      waiter.wake()
      if (!isOver) timer = setTimeout(look, polls.next(waiter, now))
    }
    let timer = setTimeout(look, polls.next(waiter, waiter.renewedAt))
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }

  #createSlot(member: PoolMember, now: number, request: Choosing): Slot {
    const slot = new Slot(this, member, now, request)
    // A load that is compared with another's must not include requests whose holder is gone, so their slots have a lease.
    const isCompared = request.isCompared ?? request.members.length > 1
    const needsLease = isCompared || member.concurrencyLimit < Number.POSITIVE_INFINITY
    if (this.#leaseTicker !== undefined && needsLease) this.#leased.add(slot)
    return slot
  }

  /** Gives a freed slot to a waiter. */
  onFree(slot: Slot, now: number): void {
    this.#leased.delete(slot)
    if (this.#queue.size > 0) this.assignFreeSlots(slot.member, now)
  }

  /**
   * Called within the request that gets the slot: on workerd its timer has to belong to that
   * request.
   */
  #startLease(slot: Slot): Slot {
    if (!this.#leased.has(slot)) return slot
    slot.renewedAt = performance.now()
    slot.stopLease = this.#leaseTicker?.add((now) => {
      slot.renewedAt = now
      return undefined
    })
    return slot
  }

  /** Gives the free slots of an engine to the waiters for it. */
  assignFreeSlots(member: PoolMember, now: number): void {
    if (!this.#queue.waitsFor(member)) return
    while (member.hasFreeSlot) {
      const waiter = this.#queue.takeNext(member, (entry) => mayUse(entry, member, now))
      if (waiter === undefined) break
      this.#polls?.given(waiter, now)
      this.#settle(waiter, { slot: this.#createSlot(member, now, waiter) })
    }
    if (member.breaker.state(now) === 'closed') return
    // A waiter whose engines are all idle behind an open breaker would wait for ever: no slot of
    // theirs will be freed.
    const cannotBeServed = (waiter: Waiter) =>
      waiter.members.every((each) => each.running === 0 && !mayUse(waiter, each, now))
    for (const waiter of this.#take(cannotBeServed)) {
      this.#settle(waiter, { refusal: breakerOpen(waiter, now) })
    }
    this.#watchBreakers(now)
  }

  /**
   * No slot is freed at an engine that is idle behind an open breaker, so nothing else would wake its
   * waiters when the breaker allows a request again. Where they poll, each looks for itself.
   */
  #watchBreakers(now: number): void {
    if (this.#polls !== undefined) return
    const idle = new Set<PoolMember>()
    let soonest = Number.POSITIVE_INFINITY
    for (const { members, caller } of this.#queue) {
      for (const member of members) {
        if (!member.hasFreeSlot || member.isGone) continue
        idle.add(member)
        soonest = Math.min(soonest, now + member.breaker.retryIn(now, caller))
      }
    }
    if (soonest >= this.#breakerWatch.at) return
    clearTimeout(this.#breakerWatch.timer)
    const timer = setTimeout(() => {
      this.#breakerWatch = NO_WATCH
      const at = performance.now()
      for (const member of idle) this.assignFreeSlots(member, at)
      this.#watchBreakers(at)
    }, soonest - now)
    this.#breakerWatch = { at: soonest, timer }
  }

  #settle(waiter: Waiter, result: WaitResult): void {
    waiter.result = result
    if (this.#polls === undefined) waiter.wake()
  }

  #reclaimExpired(now: number): void {
    if (now - this.#reclaimedAt < LEASE.renewEvery) return
    this.#reclaimedAt = now
    for (const slot of this.#leased) {
      if (now - slot.renewedAt >= LEASE.expiresAfter) slot.reclaim()
    }
    this.#take((waiter) => now - waiter.renewedAt >= LEASE.expiresAfter)
  }

  /** Removes the waiters that match from the queue, and returns them. */
  #take(matches: (waiter: Waiter) => boolean): Waiter[] {
    const taken: Waiter[] = []
    for (const waiter of this.#queue) if (matches(waiter)) taken.push(waiter)
    for (const waiter of taken) this.#queue.remove(waiter)
    return taken
  }

  /**
   * Where the queue is full, refuses the newest request of the caller with the most, or the new one:
   * one caller can't fill the queue for all others.
   */
  #makeRoom({ members, caller, isBackground }: SlotRequest): void {
    // Only where it may be full are those counted that wait for these engines.
    if (isBackground || this.#queue.interactiveSize < this.maxQueued) return
    const queued = this.#queue.interactive((waiter) =>
      waiter.members.some((member) => members.includes(member)),
    )
    if (queued.length < this.maxQueued) return
    const concurrency = members.reduce((sum, member) => sum + member.concurrencyLimit, 0)
    const duration = Math.max(...members.map((member) => member.averageDuration.value))
    const load = { queued: queued.length, ahead: queued.length + 1, concurrency, duration }
    const displaced = toDisplace(queued, caller)
    const own = queued.filter((waiter) => waiter.caller === (displaced?.caller ?? caller)).length
    if (displaced === undefined) throw queueFull({ ...load, own: caller === '' ? 0 : own })
    this.#queue.remove(displaced)
    this.#settle(displaced, { refusal: displacedByOther({ ...load, own }) })
  }
}
