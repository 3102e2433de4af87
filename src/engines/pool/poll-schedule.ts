import { MovingAverage } from '../../util/moving-average.ts'
import type { PoolMember } from './member.ts'

/** A waiting request that looks for its slot from time to time. */
export interface Polling {
  /** The name of the client's key. */
  caller: string
  /** The engines that can answer. */
  members: readonly PoolMember[]
  /** The number of slots that will have been given at its engine when it is its turn. */
  turn?: number
}

/**
 * Milliseconds between two looks of a waiter. `first`: of one whose position is not known yet. `most`:
 * bounds how long a slot stays unused if the queue suddenly moves faster than it did.
 */
const INTERVAL = { least: 4, first: 20, most: 500 }

/** Milliseconds for which computed positions are used. */
const POSITIONS_LAST = 100

/** The part of the time between two slots for which a slot may stay unused. */
const UNUSED_PART = 1 / 16

/** The requests that wait for the same engine first. */
interface Line {
  given: number
  givenAt: number
  msPerSlot: MovingAverage
}

/**
 * When each waiter looks for its slot, where no request may wake another (workerd). Each sleeps for
 * half the time that the queue is likely to need until its turn: so a queue of n waiters costs about
 * 2 ln n looks per slot, where a fixed interval costs n looks per interval.
 */
export class PollSchedule {
  readonly #queue: Iterable<Polling>
  readonly #lines = new WeakMap<PoolMember, Line>()
  #positionsAt = Number.NEGATIVE_INFINITY

  constructor(queue: Iterable<Polling>) {
    this.#queue = queue
  }

  /** A waiter was given a slot. */
  given(waiter: Polling, now: number): void {
    const line = this.#lineOf(waiter)
    line.msPerSlot.add(now - line.givenAt)
    line.givenAt = now
    line.given++
  }

  /** Milliseconds until this waiter looks again. */
  next(waiter: Polling, now: number): number {
    if (now - this.#positionsAt >= POSITIONS_LAST) this.#findPositions(now)
    if (waiter.turn === undefined) return INTERVAL.first
    const { given, msPerSlot } = this.#lineOf(waiter)
    const least = Math.min(INTERVAL.first, Math.max(INTERVAL.least, msPerSlot.value * UNUSED_PART))
    const untilTurn = (waiter.turn - given) * msPerSlot.value
    return Math.min(INTERVAL.most, Math.max(least, untilTurn / 2))
  }

  /**
   * Numbers the waiters in the order in which callers take turns: the first of each caller, then the
   * second of each, and so on. A guess that is wrong costs a look or a few milliseconds.
   */
  #findPositions(now: number): void {
    this.#positionsAt = now
    const places = new Map<Line, Places>()
    for (const waiter of this.#queue) {
      const line = this.#lineOf(waiter)
      let its = places.get(line)
      if (its === undefined) {
        its = new Places()
        places.set(line, its)
      }
      its.add(waiter)
    }
    for (const [line, its] of places) its.number(line.given)
  }

  #lineOf({ members }: Polling): Line {
    // A waiter has at least one engine; of several, the first stands for all.
    const member = members[0] as PoolMember
    let line = this.#lines.get(member)
    if (line === undefined) {
      line = { given: 0, givenAt: performance.now(), msPerSlot: new MovingAverage(INTERVAL.first) }
      this.#lines.set(member, line)
    }
    return line
  }
}

/** The waiters of one line by rounds: in each round, every caller has one turn. */
class Places {
  readonly #rounds: Polling[][] = []
  readonly #lastRound = new Map<string, number>()

  /** Waiters of one caller have to come in the order of their arrival. */
  add(waiter: Polling): void {
    const round = (this.#lastRound.get(waiter.caller) ?? -1) + 1
    this.#lastRound.set(waiter.caller, round)
    const entries = this.#rounds[round]
    if (entries === undefined) this.#rounds.push([waiter])
    else entries.push(waiter)
  }

  /** `first`: the number of the next slot. */
  number(first: number): void {
    let turn = first
    for (const entries of this.#rounds) for (const waiter of entries) waiter.turn = turn++
  }
}
