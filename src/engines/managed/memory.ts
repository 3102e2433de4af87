import type { Clock } from './clock.ts'

/** A server, as far as the memory budget knows it. */
export interface MemoryUser {
  /** Bytes that it needs while it has a process. */
  readonly memory: number
  /** Whether it has a process, also one that is being ended. */
  readonly isLive: boolean
  readonly isStopping: boolean
  /** Whether a request is being answered, or may be: then it is not stopped. */
  readonly isBusy: boolean
  /** Whether it still takes requests. */
  readonly isOpen: boolean
  /** When it became ready, and when its last request ended. */
  readonly readySince: number
  readonly lastUsed: number
  /** Takes no more requests, so that it becomes idle: they wait for its next start. */
  close(): void
  /** Takes requests again. */
  reopen(): void
  /** Stops it, as another one needs its memory. */
  giveWay(): void
}

/**
 * Milliseconds. `turn`: a server that became ready serves its requests at least for so long before
 * others' are preferred, since a swap may take longer than many answers. `linger`: within its turn,
 * one that has just become idle is kept for so long: an agent's next request follows soon.
 */
export const SWAP = { turn: 10_000, linger: 2_000 }

interface Waiter {
  user: MemoryUser
  /** Servers that were started before it, as they fit beside it: it does not wait for their end. */
  passedBy: Set<MemoryUser>
  resolve: () => void
}

/**
 * Decides which server may start, and which have to stop for it. One decision at a time, in order; only
 * a server that fits beside the first one that waits may start before it.
 */
export class MemoryBudget {
  /** Bytes for all servers together; undefined for no limit. */
  limit: number | undefined
  readonly #clock: Clock
  readonly #users = new Set<MemoryUser>()
  readonly #waiters: Waiter[] = []
  /** Those that have memory and are about to start. */
  readonly #admitted = new Set<MemoryUser>()
  #cancelReview: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Resolves once there is memory for a server, which has to become live at once. Where the signal
   * aborts it gives up its place and rejects.
   */
  admit(user: MemoryUser, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { user, passedBy: new Set<MemoryUser>(), resolve: () => settle(resolve) }
      const abort = () => {
        const at = this.#waiters.indexOf(waiter)
        if (at !== -1) this.#waiters.splice(at, 1)
        settle(() => reject(signal.reason))
        this.review()
      }
      const settle = (act: () => void) => {
        signal.removeEventListener('abort', abort)
        act()
      }
      this.#users.add(user)
      this.#waiters.push(waiter)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      else this.review()
    })
  }

  /** To be called whenever a server became live, idle, stopped, or ready. */
  review(): void {
    this.#cancelReview?.()
    this.#cancelReview = undefined
    const waiting = new Set(this.#waiters.map(({ user }) => user))
    for (const user of this.#users) {
      if (user.isLive) this.#admitted.delete(user)
      else if (!waiting.has(user) && !this.#admitted.has(user)) this.#users.delete(user)
    }
    let chosen: MemoryUser[] = []
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const missing = this.#missingFor(next.user)
      if (missing > 0) {
        // Nobody waits for one that is only loaded in advance.
        if (next.user.isBusy) chosen = this.#free(missing)
        this.#admitBeside(next, chosen)
        break
      }
      this.#admitNow(next)
    }
    for (const user of this.#live) if (!chosen.includes(user)) user.reopen()
  }

  #admitNow(waiter: Waiter): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    this.#admitted.add(waiter.user)
    waiter.resolve()
  }

  /**
   * Admits those for which there is memory now, and will be beside the first one once that has got what
   * it waits for: they do not delay it. Source: "Utilization, Predictability, Workloads, and User
   * Runtime Estimates in Scheduling the IBM SP2 with Backfilling" (Mu'alem and Feitelson, 2001), which
   * calls this EASY backfilling; here without estimates of time.
   */
  #admitBeside(first: Waiter, chosen: readonly MemoryUser[]): void {
    const { limit } = this
    if (limit === undefined) return
    const { user: awaited, passedBy } = first
    for (const waiter of this.#waiters.filter((each) => each !== first)) {
      const { user } = waiter
      if (user.isBusy !== awaited.isBusy || this.#missingFor(user) > 0) continue
      const others = this.#live.filter((each) => isGoingOn(each) && !passedBy.has(each))
      const missing = this.#missingFor(awaited) - this.#freed
      const leaving = chosen.length > 0 ? chosen : enough(missing, others.sort(byUse))
      const staying = this.#live.filter(
        (each) => passedBy.has(each) || (isGoingOn(each) && !leaving.includes(each)),
      )
      if (sumOf([...staying, awaited, user]) > limit) continue
      passedBy.add(user)
      this.#admitNow(waiter)
    }
  }

  /** Bytes that are being given back. */
  get #freed(): number {
    return sumOf(this.#live.filter(({ isStopping }) => isStopping))
  }

  /** The first that requests wait for, or else the first. */
  #next(): Waiter | undefined {
    return this.#waiters.find(({ user }) => user.isBusy) ?? this.#waiters[0]
  }

  /** Bytes that are missing for a server, with what is being given back. */
  #missingFor(user: MemoryUser): number {
    if (this.limit === undefined) return 0
    return sumOf(this.#live.filter((each) => each !== user)) + user.memory - this.limit
  }

  get #live(): MemoryUser[] {
    return [...this.#users].filter((user) => user.isLive || this.#admitted.has(user))
  }

  /**
   * Stops servers that are idle, those first that were used least recently. Returns the servers that
   * have to give way.
   */
  #free(missing: number): MemoryUser[] {
    const now = this.#clock.now()
    const others = this.#live.filter(isGoingOn)
    const due = others.filter((user) => dueAt(user) <= now).sort(byUse)
    const chosen = enough(missing - this.#freed, due)
    if (this.#freed + sumOf(chosen) < missing) {
      this.#reviewLater(others, now)
      return []
    }
    // All of them at once, or none: a server would be stopped without the memory being enough.
    for (const user of chosen) user.close()
    if (chosen.every(isIdle)) for (const user of chosen) user.giveWay()
    return chosen
  }

  #reviewLater(users: MemoryUser[], now: number): void {
    const times = users.map(dueAt).filter((at) => at > now && Number.isFinite(at))
    if (times.length === 0) return
    this.#cancelReview = this.#clock.after(Math.min(...times) - now, () => this.review())
  }
}

/** When a server may be stopped to free its memory. */
function dueAt(user: MemoryUser): number {
  if (!user.isOpen && !user.isBusy) return Number.NEGATIVE_INFINITY
  const turnEnds = user.readySince + SWAP.turn
  return user.isBusy ? turnEnds : Math.min(turnEnds, user.lastUsed + SWAP.linger)
}

/** As many of them as give back so many bytes, the idle ones first; all where they are too few. */
function enough(bytes: number, users: readonly MemoryUser[]): MemoryUser[] {
  const chosen: MemoryUser[] = []
  for (const user of [...users.filter(isIdle), ...users.filter(({ isBusy }) => isBusy)]) {
    if (sumOf(chosen) >= bytes) break
    chosen.push(user)
  }
  return chosen
}

function isGoingOn({ isStopping }: MemoryUser): boolean {
  return !isStopping
}

function isIdle({ isBusy }: MemoryUser): boolean {
  return !isBusy
}

function byUse(one: MemoryUser, other: MemoryUser): number {
  return one.lastUsed - other.lastUsed
}

function sumOf(users: readonly MemoryUser[]): number {
  return users.reduce((sum, { memory }) => sum + memory, 0)
}
