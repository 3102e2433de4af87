import { separateTickers, type Ticker } from '../../stream/ticker.ts'
import { FairLine, type Waiting } from '../../util/fair-queue.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Member } from './member.ts'
import { tooMany } from './queue-full.ts'
import { Slot } from './slot.ts'

/** Milliseconds between two looks of one who waits where nobody may wake him. */
const LOOK = 50

/** Milliseconds in which a slot's holder shows that it is still there, and after which it is gone. */
const LEASE = { shown: 1_000, over: 15_000 }

export interface Wish {
  /** Whose turn it is. */
  who: string
  /** The engines that would do, in the order of the settings. */
  members: Member[]
  /** There is no other way: an engine that failed lately is asked all the same. */
  isForced: boolean
  /** Leaves the line. */
  signal: AbortSignal
}

type Fate = { slot: Slot } | { refusal: ApiError }

interface Waiter extends Waiting, Omit<Wish, 'signal'> {
  seenAt: number
  fate?: Fate
  /** Where he may be woken: does so. */
  wake: () => void
}

/**
 * The concurrency slots of all engines, and the one queue for them. Where requests are isolated nobody is
 * woken by another: each looks for himself, and a slot whose holder vanished is taken back.
 */
export class ConcurrencyLimiter {
  readonly #most: number
  readonly #line = new FairLine<Waiter>()
  /** Those with a lease. */
  readonly #held = new Set<Slot>()
  #tookBackAt = 0
  readonly #look: Ticker | undefined
  readonly #show: Ticker | undefined

  /** `most`: how many may wait for the same engine. */
  constructor(most: number, isolated: boolean) {
    this.#most = most
    this.#look = isolated ? separateTickers(LOOK) : undefined
    this.#show = isolated ? separateTickers(LEASE.shown) : undefined
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.size
  }

  /**
   * A slot at the best of the engines. Throws an `ApiError` (503) where too many wait already or
   * all are left alone for a while; the promise rejects with the signal's reason.
   */
  take(wish: Wish): Slot | Promise<Slot> {
    const now = performance.now()
    if (this.#held.size > 0) this.#takeBack(now)
    if (this.#line.size > 0) for (const member of wish.members) this.#serve(member, now)
    const best = bestOf(wish, now)
    // Whose load is compared with another's must not count what vanished.
    const isCompared = wish.members.length > 1
    if (best !== undefined) return this.#hold(this.#give(best, now, isCompared, wish.who))
    if (!wish.members.some((member) => isOpenTo(wish, member, now))) {
      throw resting(wish.members, now)
    }
    this.#refuseTooMany(wish.members)
    return this.#wait(wish, now)
  }

  #wait({ signal, ...wish }: Wish, now: number): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        ...wish,
        seenAt: now,
        wake: () => {
          const { fate } = waiter
          if (fate === undefined) return
          stop()
          if ('slot' in fate) resolve(this.#hold(fate.slot))
          else reject(fate.refusal)
        },
      }
      const leave = () => {
        stop()
        if (waiter.fate === undefined) this.#line.remove(waiter)
        else if ('slot' in waiter.fate) waiter.fate.slot.end()
        reject(signal.reason)
      }
      const stopLooking = this.#look?.add((at) => {
        waiter.seenAt = at
        this.#takeBack(at)
        waiter.wake()
        return undefined
      })
      const stop = () => {
        stopLooking?.()
        signal.removeEventListener('abort', leave)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#line.push(waiter)
      if (signal.aborted) leave()
    })
  }

  #give(member: Member, now: number, isCompared: boolean, who: string): Slot {
    const held = new Slot(this, member, now, who)
    const matters = isCompared || member.room < Number.POSITIVE_INFINITY
    if (this.#show !== undefined && matters) this.#held.add(held)
    return held
  }

  /** A slot is free again. */
  free(held: Slot, now: number): void {
    this.#held.delete(held)
    if (this.#line.size > 0) this.#serve(held.member, now)
  }

  /** Called by whoever gets the slot: its timer has to be his own. */
  #hold(held: Slot): Slot {
    if (!this.#held.has(held)) return held
    held.seenAt = performance.now()
    held.stop = this.#show?.add((now) => {
      held.seenAt = now
      return undefined
    })
    return held
  }

  /** Gives the free slots of an engine to those who wait for it. */
  #serve(member: Member, now: number): void {
    while (member.hasRoom) {
      const waiter = this.#line.take((each) => isOpenTo(each, member, now))
      if (waiter === undefined) break
      this.#tell(waiter, { slot: this.#give(member, now, true, waiter.who) })
    }
    if (member.breaker.isPassable(now)) return
    // Who waits only for engines that nobody will be sent to, would wait for ever.
    for (const waiter of [...this.#line]) {
      const isHopeless = waiter.members.every(
        (each) => each.running === 0 && !isOpenTo(waiter, each, now),
      )
      if (!isHopeless) continue
      this.#line.remove(waiter)
      this.#tell(waiter, { refusal: resting(waiter.members, now) })
    }
  }

  #tell(waiter: Waiter, fate: Fate): void {
    waiter.fate = fate
    if (this.#look === undefined) waiter.wake()
  }

  #takeBack(now: number): void {
    if (now - this.#tookBackAt < LEASE.shown) return
    this.#tookBackAt = now
    for (const held of this.#held) {
      if (now - held.seenAt >= LEASE.over) held.takeBack()
    }
    for (const waiter of [...this.#line]) {
      if (now - waiter.seenAt >= LEASE.over) this.#line.remove(waiter)
    }
  }

  #refuseTooMany(members: Member[]): void {
    const waiting = this.#line.count((each) => each.members.some((one) => members.includes(one)))
    if (waiting < this.#most) return
    const room = members.reduce((sum, member) => sum + member.room, 0)
    const average = Math.max(...members.map((member) => member.average.seconds))
    throw tooMany(waiting, waiting + 1, room, average)
  }
}

function isOpenTo(wish: Omit<Wish, 'signal'>, member: Member, now: number): boolean {
  return (
    wish.members.includes(member) && (wish.isForced || member.breaker.isPassable(now, wish.who))
  )
}

function bestOf(wish: Wish, now: number): Member | undefined {
  let best: Member | undefined
  for (const member of wish.members) {
    if (!member.hasRoom || !isOpenTo(wish, member, now)) continue
    if (best === undefined || member.isBetterThan(best, now)) best = member
  }
  return best
}

function resting(members: Member[], now: number): ApiError {
  const wait = Math.min(...members.map(({ breaker }) => breaker.wait(now)))
  const seconds = Math.max(1, Math.ceil(wait / 1000))
  const names = members.map(({ engine }) => engine.label).join(' and ')
  const message = `${names} failed too often just now; sluice asks again in about ${seconds} s.`
  return new ApiError(503, message, {
    code: 'engine_resting',
    headers: { 'retry-after': String(seconds) },
  })
}
