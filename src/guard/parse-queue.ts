/**
 * `JSON.parse` blocks the event loop. Large bodies, and many at once, are therefore parsed one at a
 * time, with other events in between: a dozen that arrive together do not stall every stream for the
 * sum of their times. JSON is parsed in steps, with other events in between as well.
 */

import { delay as pause } from '../util/delay.ts'
import { FairQueue, type FairQueueEntry } from '../util/fair-queue.ts'
import { inSlices, type Steps, takeTurns } from '../util/slices.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** Bytes from which on a body is queued; a smaller one is parsed within a few milliseconds. */
export const LARGE_BODY = 262_144

/** Bytes below which a body is never queued: it is parsed within a millisecond. */
const SMALL_BODY = 16_384

/** Bytes of immediately parsed bodies that are forgiven per millisecond. */
const RECOVERED_PER_MS = LARGE_BODY / 10

/** How many bytes and how many bodies may be queued. */
const MOST_BYTES = 256_000_000
const MOST_BODIES = 100

/**
 * Milliseconds before the first poll, and between the polls of the first body in the queue and of the
 * others. They poll because workerd does not allow one request to wake another. A stream's chunk
 * needs several turns of the event loop to pass, all of which have to fit between two bodies.
 */
const POLL_MS = { start: 1, first: 5, behind: 10 }

/** Milliseconds that a body is parsed for in one turn of the event loop. */
const SLICE_MS = 2

/** Milliseconds without a poll after which a request is dropped, because its runtime has ended it. */
const ENDED_AFTER_MS = 2_000

interface Waiter extends FairQueueEntry {
  bytes: number
  /** Whether it was dropped: it is answered with 503 at its next poll. */
  isDropped: boolean
  /** The time of its last poll, and how many bodies had been started by then. */
  seenAt: number
  startedBefore: number
}

/** A body that waits to be parsed. */
export interface QueuedBody {
  bytes: number
  /** The name of the client's key; clients take turns. */
  who: string
  signal: AbortSignal
  /** The longest wait, in milliseconds. */
  timeout: number
}

export class ParseQueue {
  readonly #queue = new FairQueue<Waiter>()
  #bytes = 0
  /** The number of bodies whose parsing has started. */
  #started = 0
  /** What parses a body in steps, and the time of its last one. */
  #parsing: { seenAt: number } | undefined

  /**
   * Parses a body in steps when it is its turn, with turns of the event loop between them; no other body is parsed
   * meanwhile. Rejects as `waitTurn` does, and as the steps throw.
   */
  async inTurn<T>(body: QueuedBody, steps: Steps<T>): Promise<T> {
    await this.waitTurn(body)
    const parsing = { seenAt: performance.now() }
    this.#parsing = parsing
    try {
      const others = () => {
        parsing.seenAt = performance.now()
        return takeTurns(() => pause(0, body.signal))
      }
      const parsed = await inSlices(steps, others, SLICE_MS)
      // What is done with the value next takes a turn of its own.
      await others()
      return parsed
    } finally {
      if (this.#parsing === parsing) this.#parsing = undefined
    }
  }

  /**
   * Resolves when the body may be parsed; the caller must then parse it before awaiting anything else.
   * Rejects with an `ApiError` (503) if the queue is full or the wait was too long, and with the signal's
   * reason. If the queue is full, the last body of the client with the most queued bytes is dropped.
   */
  async waitTurn({ bytes, who, signal, timeout }: QueuedBody): Promise<void> {
    this.#makeRoom(who, bytes)
    const startedAt = performance.now()
    const waiter = {
      caller: who,
      bytes,
      isDropped: false,
      seenAt: startedAt,
      startedBefore: this.#started,
    }
    this.#queue.push(waiter)
    this.#bytes += bytes
    let delay = POLL_MS.start
    try {
      do {
        if (waiter.seenAt - startedAt > timeout) throw busy()
        await pause(delay, signal)
        if (waiter.isDropped) throw busy()
        delay = this.#queue.peek() === waiter ? POLL_MS.first : POLL_MS.behind
        waiter.seenAt = performance.now()
        this.#dropEnded(waiter.seenAt)
      } while (!this.#isNext(waiter))
      this.#started++
      // The next turn of this client comes after those of all others.
      this.#queue.takeNext()
      this.#bytes -= bytes
    } catch (error) {
      this.#remove(waiter)
      throw error
    }
  }

  /**
   * Whether it is the first in the queue and no parsing has started since its last poll, so that all
   * pending events have run in between.
   */
  #isNext(waiter: Waiter): boolean {
    const isQuiet = waiter.startedBefore === this.#started && this.#parsing === undefined
    waiter.startedBefore = this.#started
    return isQuiet && this.#queue.peek() === waiter
  }

  /** Drops bodies of clients that have more queued than this one. Throws an `ApiError` (503). */
  #makeRoom(who: string, bytes: number): void {
    if (this.#bytes + bytes <= MOST_BYTES && this.#queue.size < MOST_BODIES) return
    const dropped = toDrop([...this.#queue], { caller: who, bytes })
    if (dropped === undefined) throw busy()
    for (const waiter of dropped) this.#remove(waiter)
  }

  #remove(waiter: Waiter): void {
    waiter.isDropped = true
    if (this.#queue.remove(waiter)) this.#bytes -= waiter.bytes
  }

  /** Drops requests that their runtime ended without aborting their signal. */
  #dropEnded(now: number): void {
    if (this.#parsing && now - this.#parsing.seenAt > ENDED_AFTER_MS) this.#parsing = undefined
    for (let head = this.#queue.peek(); head; head = this.#queue.peek()) {
      if (now - head.seenAt <= ENDED_AFTER_MS) return
      this.#remove(head)
    }
  }
}

/** The queued bodies and bytes of one client or of all. */
class Load {
  bodies = 0
  bytes = 0

  /** Counts a body, or with `by` -1 no longer counts it. */
  add({ bytes }: { bytes: number }, by: 1 | -1 = 1): void {
    this.bodies += by
    this.bytes += by * bytes
  }

  /** The filled share of the queue: more than 1 is too much. */
  get share(): number {
    return Math.max(this.bodies / MOST_BODIES, this.bytes / MOST_BYTES)
  }
}

/**
 * The queued bodies to drop so that another one fits: the last ones of the client with the most.
 * Undefined if that is the client of the new body.
 */
function toDrop(queued: Waiter[], added: Pick<Waiter, 'caller' | 'bytes'>): Waiter[] | undefined {
  const all = new Load()
  const clients = new Map([[added.caller, new Load()]])
  for (const each of [...queued, added]) {
    const own = clients.get(each.caller) ?? new Load()
    clients.set(each.caller, own)
    own.add(each)
    all.add(each)
  }
  const dropped: Waiter[] = []
  while (all.share > 1) {
    const [first = '', ...others] = clients.keys()
    const shareOf = (who: string) => clients.get(who)?.share ?? 0
    const most = others.reduce((a, b) => (shareOf(b) > shareOf(a) ? b : a), first)
    const last =
      most === added.caller ? undefined : queued.findLast(({ caller }) => caller === most)
    if (last === undefined) return undefined
    queued.splice(queued.lastIndexOf(last), 1)
    dropped.push(last)
    for (const load of [all, clients.get(most)]) load?.add(last, -1)
  }
  return dropped
}

/**
 * Decides which bodies are parsed immediately: small ones, and others as long as those of the last
 * milliseconds are smaller than one large body together. Dozens of them in one turn of the event loop
 * would block it like a large one.
 *
 * It uses the clock instead of counting turns of the event loop, because on workerd a timer may end with
 * its request.
 */
export class ImmediateParsing {
  #bytes = 0
  #endedAt = 0

  /** Whether a body may be parsed immediately; if so, it is counted. */
  tryBegin(bytes: number): boolean {
    if (bytes < SMALL_BODY) return true
    if (bytes >= LARGE_BODY) return false
    const passed = performance.now() - this.#endedAt
    const recent = Math.max(0, this.#bytes - passed * RECOVERED_PER_MS)
    if (recent + bytes >= LARGE_BODY) return false
    this.#bytes = recent + bytes
    return true
  }

  /** Called when the body was parsed: the time for parsing forgives nothing. */
  end(bytes: number): void {
    if (bytes >= SMALL_BODY) this.#endedAt = performance.now()
  }
}

function busy(): ApiError {
  const message =
    'body: too many other large requests are waiting to be parsed; retry in a few seconds.'
  return new ApiError(503, message, { code: 'parse_queue_full', headers: { 'retry-after': '2' } })
}
