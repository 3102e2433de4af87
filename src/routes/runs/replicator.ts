/** Copies the events of a run from this instance's log to the one that instances share. */
import {
  RUN_RENEWAL,
  type RunInfo,
  type RunKey,
  type RunLimits,
  type RunLog,
  RunTakenError,
} from '../../state/run-log.ts'
import { withTimeout } from '../../util/with-timeout.ts'

export interface ReplicatorOptions {
  local: RunLog
  shared: RunLog
  key: RunKey
  info: RunInfo
  limits: RunLimits
  /** Somebody asked another instance to stop it, or deleted it. */
  onStop(): void
  /** Another instance has ended it, as this one was taken for dead. */
  onLost(): void
  /** Somebody read it at another instance at `at`, a time of `performance.now()`. */
  onRead(at: number): void
  /** Events were stored, the oldest of them `lag` milliseconds after it was written. */
  onStored?(lag: number): void
  /** How many events are sent at once. */
  batches?: Batches | undefined
  /** Milliseconds after which a call of the shared log counts as failed. */
  deadline?: number
}

/** When events are sent to the log that instances share. */
export interface Batches {
  /** So many milliseconds after the first event that waits, or when there are so many characters. */
  ms: number
  length: number
  /** The same milliseconds while somebody reads them at another instance; `ms` by default. */
  readMs?: number
  /** Milliseconds between two, at least. */
  least: number
  /** Whether the first event is sent at once, since a client may resume after it. */
  isFirstAtOnce: boolean
}

/** At most 25 times a second, and 10 times where events are small and nobody waits for them elsewhere. */
const BATCHES: Batches = { ms: 100, readMs: 50, length: 8_192, least: 40, isFirstAtOnce: true }

/** Milliseconds after a read at another instance for which its client is taken to be there. */
export const READ_LATELY = 3_000

/** Milliseconds until the log is tried again after it failed, doubling up to the second one. */
const RETRY = { first: 100, most: 2_000 }

/** Milliseconds after the run's end for which its last events are tried to be stored. */
const KEEP_TRYING = 60_000

/** Milliseconds for a call: longer than logs of sluice's own take to fail, for those that never answer. */
const DEADLINE = 5_000

/** After so many answers in a row that this instance does not own the run, it gives it up. */
const LOST_TWICE = 2

class UnansweredError extends Error {
  override readonly name = 'UnansweredError'

  constructor(ms: number) {
    super(`state.runs: expected an answer within ${ms} ms, got none; it is asked again.`)
  }
}

export class Replicator {
  /** Settles when the end of the run is stored, or could not be. */
  readonly done: Promise<void>
  readonly #options: ReplicatorOptions
  readonly #batches: Batches
  #unwatch: () => void = () => {}
  #settle: () => void = () => {}
  /** The number of the next event to be stored. */
  #at = 0
  #isOpen = false
  /** Why the last attempt to open it failed. */
  #openError: unknown
  #isBusy = false
  /** Settles when the shared log has answered, or failed to. */
  #sending: Promise<void> | undefined
  /** Whether the local log has more than was sent at once. */
  #hasMore = false
  #isOver = false
  #hasEnded = false
  #endedAt = 0
  #lost = 0
  #failures = 0
  /** Whether somebody reads it at another instance. */
  #isRead = false
  /** When it was last sent, and since when and how much waits to be. */
  #sentAt = Number.NEGATIVE_INFINITY
  #waitsSince = 0
  #waiting = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(options: ReplicatorOptions) {
    this.#options = options
    this.#batches = options.batches ?? BATCHES
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
    // Even before the first event: it may be long in coming, and others want to find the run.
    this.#schedule(0)
  }

  /** Events were appended to the local log, with so many characters in all. */
  note(length: number, now: number): void {
    if (this.#waiting === 0) this.#waitsSince = now
    this.#waiting += length
    if (this.#isBusy || this.#failures > 0) return
    const { length: enough, least, isFirstAtOnce } = this.#batches
    const isEnough = this.#waiting >= enough || (isFirstAtOnce && this.#at === 0)
    const soonest = Math.max(0, this.#sentAt + least - now)
    this.#schedule(
      isEnough ? soonest : Math.max(soonest, this.#waitsSince + this.#pause - now),
      now,
    )
  }

  /** Milliseconds for which an event may wait for others. */
  get #pause(): number {
    const { ms, readMs = ms } = this.#batches
    return this.#isRead ? readMs : ms
  }

  /** Asks the shared log now, unless it is being asked. Resolves with whether the run is still copied there. */
  async renew(): Promise<boolean> {
    if (this.#isOver) return false
    if (!this.#isBusy) {
      clearTimeout(this.#timer)
      this.#start()
    }
    await this.#sending
    return true
  }

  /** The run has ended: its last events are in the local log. */
  end(): void {
    this.#hasEnded = true
    this.#endedAt = performance.now()
    this.#waiting ||= 1
    if (!this.#isBusy) this.#schedule(0)
  }

  /** Sends after so many milliseconds, unless it is about to sooner. */
  #schedule(ms: number, now = performance.now()): void {
    if (this.#isOver || now + ms >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = now + ms
    this.#timer = setTimeout(() => this.#start(), ms)
  }

  #start(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#isBusy || this.#isOver) return
    this.#isBusy = true
    this.#sending = this.#send()
  }

  async #send(): Promise<void> {
    const since = this.#waitsSince
    const waited = this.#waiting
    this.#waiting = 0
    this.#sentAt = performance.now()
    try {
      await this.#open()
      await this.#append()
      this.#failures = 0
      if (waited > 0) this.#options.onStored?.(performance.now() - since)
    } catch {
      this.#failures++
      this.#waiting += waited
      this.#waitsSince = since
    }
    this.#isBusy = false
    this.#goOn()
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return
    const { shared, key, info, limits } = this.#options
    try {
      await this.#answered(shared.open(key, info, limits))
      this.#openError = undefined
    } catch (error) {
      if (error instanceof UnansweredError) throw error
      // Or it is open, and the answer was lost: the next append tells.
      this.#openError = error
    }
    this.#isOpen = true
    // Only now: a log tells who produces a run of what others do, and not of each append.
    this.#unwatch()
    this.#unwatch = shared.watch(key, (change) => {
      if (change === 'stopped' && !this.#hasEnded) this.#options.onStop()
    })
  }

  async #append(): Promise<void> {
    const { local, shared, key, onRead } = this.#options
    const part = await local.read(key, this.#at, true)
    // The local log made room for others: what was not stored is lost.
    if (part === undefined) return this.#finish()
    const first = Math.max(this.#at, part.first)
    const isGap = first > this.#at
    const { frames } = isGap ? ((await local.read(key, first, true)) ?? part) : part
    const isEnd = part.state !== 'running' && first + frames.length === part.next
    const end = isEnd ? part.state : undefined
    const answer = await this.#answered(shared.append(key, 1, first, frames, end, isGap))
    if (answer.kind === 'lost') return this.#onLost()
    this.#lost = 0
    this.#at = answer.next
    this.#hasMore = answer.next < part.next
    const { readAgo } = answer
    this.#isRead = readAgo !== undefined && readAgo < READ_LATELY
    if (readAgo !== undefined) onRead(performance.now() - readAgo)
    if (isEnd && answer.next === part.next) this.#finish()
    else if (answer.isStopped && !this.#hasEnded) this.#options.onStop()
  }

  /** Rejects where the shared log does not answer in time. */
  async #answered<T>(asking: Promise<T>): Promise<T> {
    const { deadline = DEADLINE } = this.#options
    const answer = await withTimeout(
      deadline,
      asking.then((value) => ({ value })),
    )
    if (answer === undefined) throw new UnansweredError(deadline)
    return answer.value
  }

  /** The store may have lost it: then it is opened anew, and gets what this instance still has. */
  #onLost(): void {
    this.#isOpen = false
    this.#at = 0
    // There is no such run since the store could not take it, as one that is full: it is asked again.
    if (this.#openError !== undefined && !(this.#openError instanceof RunTakenError))
      throw this.#openError
    if (++this.#lost < LOST_TWICE) {
      this.#waiting ||= 1
      return
    }
    this.#finish()
    if (!this.#hasEnded) this.#options.onLost()
  }

  #goOn(): void {
    if (this.#isOver) return
    const now = performance.now()
    if (this.#hasEnded && now - this.#endedAt > KEEP_TRYING) this.#finish()
    else if (this.#failures > 0) {
      this.#schedule(Math.min(RETRY.most, RETRY.first * 2 ** (this.#failures - 1)), now)
    } else if (this.#hasEnded || this.#waiting > 0 || !this.#isOpen) {
      this.#schedule(this.#hasEnded || !this.#isOpen ? 0 : this.#pause, now)
    } else if (this.#hasMore) {
      this.#schedule(Math.max(0, this.#sentAt + this.#batches.least - now), now)
    } else this.#schedule(RUN_RENEWAL, now)
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#unwatch()
    this.#settle()
  }
}
