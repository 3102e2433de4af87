import { STALL } from '../wire/activity/stall.ts'
import { logError } from './log-thrown.ts'
import type { EngineAttempt, ExchangeObserver } from './observer.ts'

const NONE: readonly ExchangeObserver[] = []

/**
 * The times of the events of one answer, by `performance.now()`; 0 means that the event has not happened.
 * Only numbers are changed while tokens come, so that a token allocates nothing.
 */
export class Timeline {
  /** Told what happens, when it happens; each stays to the end. */
  observers = NONE
  /** The last one is the current one. */
  readonly attempts: EngineAttempt[] = []
  /** Since when it waits for a concurrency slot; 0 while it does not. */
  queuedSince = 0
  /** Milliseconds that it waited for one before. */
  #queued = 0
  /** When the engine of the current attempt began to answer. */
  begunAt = 0
  firstTokenAt = 0
  lastTokenAt = 0
  /** The longest pause between two tokens, and how many were `STALL` or longer. */
  longestGap = 0
  stalls = 0
  heartbeats = 0
  /** When its timeouts were last checked, which is about every second while the runtime runs it. */
  checkedAt = 0
  /** Since when the client has unread data; 0 while it has none. */
  blockedSince = 0
  #blocked = 0
  /** What `#blocked` was at the last token. */
  #blockedBefore = 0
  /** What it was at the first token. */
  #blockedFirst = 0

  /** Milliseconds in the queue so far. */
  queuedMs(now: number): number {
    return this.#queued + (this.queuedSince === 0 ? 0 : now - this.queuedSince)
  }

  /** Milliseconds for which the client had unread data so far. */
  blockedMs(now: number): number {
    return this.#blocked + (this.blockedSince === 0 ? 0 : now - this.blockedSince)
  }

  /** Milliseconds since the last token, without those for which the client had unread data. */
  gapUntil(now: number): number {
    return now - this.lastTokenAt - (this.blockedMs(now) - this.#blockedBefore)
  }

  /** Milliseconds from the first token to the last, without those for which the client had unread data. */
  get tokensMs(): number {
    return this.lastTokenAt - this.firstTokenAt - (this.#blockedBefore - this.#blockedFirst)
  }

  /** The label of the engine of the current attempt. */
  get engine(): string | undefined {
    return this.attempts.at(-1)?.engine
  }

  /** The model asked of it. */
  get model(): string | undefined {
    return this.attempts.at(-1)?.model
  }

  enterQueue(now: number): void {
    this.queuedSince = now
    this.#tell((observer) => observer.onQueue?.(now))
  }

  leaveQueue(now: number): void {
    this.#queued = this.queuedMs(now)
    this.queuedSince = 0
  }

  /** An attempt begins, the first or a retry. */
  attempt(engine: string, model: string | undefined, kind?: string): void {
    const attempt = { engine, model, kind, startedAt: performance.now() }
    this.attempts.push(attempt)
    this.#tell((observer) => observer.onAttempt?.(attempt))
  }

  /** The attempt failed, and another follows: what this one has answered does not count. */
  attemptFailed(failure: string, error: unknown): void {
    const attempt = this.attempts.at(-1)
    if (attempt) {
      attempt.failure = failure
      attempt.failedAt = performance.now()
      this.#tell((observer) => observer.onAttemptFailed?.(attempt, error))
    }
    this.begunAt = 0
    this.firstTokenAt = 0
    this.lastTokenAt = 0
    this.longestGap = 0
    this.stalls = 0
  }

  /** What a user's tracer throws must not end the request. */
  #tell(act: (observer: ExchangeObserver) => void): void {
    for (const observer of this.observers) {
      try {
        act(observer)
      } catch (error) {
        logError(error)
      }
    }
  }

  /** The engine begins to answer. */
  begin(now: number): void {
    this.begunAt = now
    this.#tell((observer) => observer.onAnswer?.(now))
  }

  waitForClient(now: number): void {
    if (this.blockedSince === 0) this.blockedSince = now
  }

  waitForEngine(now: number): void {
    this.#blocked = this.blockedMs(now)
    this.blockedSince = 0
  }

  /** Tokens came. */
  token(now: number): void {
    const gap = this.firstTokenAt === 0 ? undefined : this.gapUntil(now)
    if (gap === undefined) {
      this.firstTokenAt = now
      this.#blockedFirst = this.blockedMs(now)
    } else {
      if (gap > this.longestGap) this.longestGap = gap
      if (gap >= STALL) this.stalls++
    }
    this.lastTokenAt = now
    this.#blockedBefore = this.blockedMs(now)
    for (const observer of this.observers) observer.onToken?.(gap, now)
  }
}
