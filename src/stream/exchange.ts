import type { Usage } from '../wire/chat/request.ts'
import { type ApiError, type DocLink, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import type { AttemptTrace } from '../wire/headers/trace-context.ts'
import type { WriteInSteps } from '../wire/json/sourced.ts'
import { type Answer, repairsOf, textLengthOf, usageOf } from './answer.ts'
import type { ConversationHint } from './conversation-hint.ts'
import { Deadlines, type StreamLimits } from './deadlines.ts'
import { watchStop } from './engine-stop.ts'
import { logThrown } from './log-thrown.ts'
import type { ExchangeTap } from './observer.ts'
import { errorOf, type Outcome } from './outcome.ts'
import { ProgressReport } from './progress-report.ts'
import type { StreamWriter } from './stream-writer.ts'
import type { Ticker } from './ticker.ts'
import { Timeline } from './timeline.ts'

export interface ExchangeOptions {
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
  limits: StreamLimits
  ticker: Ticker
  /** Called once at the end; within the constructor, if the client has already hung up. */
  onEnd: (exchange: Exchange) => void
  /** Called about once a second while the answer comes, to charge for it. */
  onProgress?: ((exchange: Exchange) => void) | undefined
  /** Called at each tick after an engine has answered: no other one is asked any more. */
  onLongAnswer?: ((exchange: Exchange) => void) | undefined
}

const NONE: readonly ExchangeTap[] = []

/** One request, from its arrival to its outcome: attempts, timeouts, and the signal that stops the engine. */
export class Exchange {
  outcome: Outcome | undefined
  /** When what happened to it, with its attempts. */
  readonly timeline = new Timeline()
  /** Whoever sees its bytes; they come and go while it runs. */
  taps = NONE
  /** The name of the client's key, for fair queueing; empty where clients are not distinguished. */
  caller = ''
  /** Whether no client waits for it, so that requests of clients that do are served before it. */
  isBackground = false
  /** How its request is written, where that is of megabytes. */
  inSteps: WriteInSteps | undefined
  /** Whether the caller may use a model of this name; undefined where it may use every model. */
  modelAccess: ((model: string) => boolean) | undefined
  /** Who asks, for engines that do not answer everybody. */
  asker: { readonly name: string; readonly isAdmin: boolean; readonly tabs?: boolean } | undefined
  /** Whether an engine has answered, so that no other one is asked. */
  isAnswered = false
  /** The conversation that it may continue; undefined where there is none, and while a long answer comes. */
  conversation: ConversationHint | undefined
  /** How its conversation came to its engine, where there was a choice. */
  affinity: 'new' | 'kept' | 'moved' | undefined
  /** The hop list: ids of the sluices that the request has passed, this one last. Sent to upstreams. */
  hops: readonly string[] = []
  /** The trace that requests to upstreams belong to: that of the client's request, or the span of the attempt. */
  trace: AttemptTrace | undefined
  /** How each attempt but the last failed: `gpu upstream_unreachable`. */
  readonly failures: string[] = []
  /** Where its client finds what an error code means. */
  docs: DocLink | undefined
  /** Whether the answer is streamed to the client. */
  isStream = false
  /** Where it is read again, and whether somebody reads it now; undefined where it can't be resumed. */
  resumable: { id: string; isRead: boolean } | undefined
  /** Settles when the client has read the end of a streamed answer, or hung up. */
  delivered: Promise<void> | undefined
  /** What the engine is doing before it can answer, as a short text for the client. */
  progress: string | undefined
  /**
   * Called on every tick of an attempt that has no first chunk yet, to find out whether the engine loads
   * its model. Returns the milliseconds until its next call; undefined where that is not known.
   */
  watchLoad: ((now: number) => number | undefined) | undefined
  /** Writes a streamed answer to the client. */
  writer: StreamWriter | undefined
  /** Why another request has stopped it, where only this one may end it: at its next tick. */
  stopReason: ApiError | undefined
  /** The engine's concurrency slot, released once when the exchange ends. */
  slot: { release(outcome: Outcome): void } | undefined

  /** Stops the engine of the current attempt. */
  #control = new AbortController()
  readonly #deadlines: Deadlines
  readonly #options: ExchangeOptions
  readonly #removeTick: () => void
  readonly #endedEarly = Promise.withResolvers<never>()
  #answer: Answer | undefined
  #tokens = 0
  readonly #report: ProgressReport | undefined
  #isUsageDoubted = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.limits)
    this.#endedEarly.promise.catch(() => {})
    const { onProgress } = options
    this.#report = onProgress && new ProgressReport(() => onProgress(this))
    const first = onProgress && ProgressReport.first
    this.#removeTick = options.ticker.add((now) => this.#tick(now), first)
    if (options.client.aborted) this.cancel()
    else options.client.addEventListener('abort', this.cancel, { once: true })
  }

  /**
   * The signal of the current attempt. It aborts when the attempt is given up or the exchange ends
   * without having finished.
   */
  get signal(): AbortSignal {
    return this.#control.signal
  }

  /** Stops the engine of the current attempt. */
  abortAttempt(reason: unknown): void {
    this.#control.abort(reason)
  }

  /**
   * The attempt failed before its first chunk, and another follows with its full timeout. Where the
   * engine `isLoading` its model the same engine is tried again, with what is left of the timeouts.
   */
  retry(failure: string, reason: unknown, isLoading = false): void {
    this.abortAttempt(reason)
    this.#control = new AbortController()
    if (!isLoading || this.failures.at(-1) !== failure) this.failures.push(failure)
    this.#answer = undefined
    this.#tokens = 0
    this.timeline.attemptFailed(failure, reason)
    if (isLoading) return
    this.progress = undefined
    this.#deadlines.enterPhase('answer', performance.now())
  }

  /** Whether the engine of the current attempt is known to load the model. */
  get isLoading(): boolean {
    return this.#deadlines.isLoading
  }

  /** The engine is known to load the model, which `loadTimeout` limits. `progress`: for the client. */
  showLoading(progress: string, now: number, isLimited = true): void {
    this.progress = progress
    this.#deadlines.beginLoad(now, isLimited)
  }

  /** The engine is not known to load the model any more: the timeout of its phase goes on. */
  endLoading(now: number): void {
    if (!this.isLoading) return
    this.progress = undefined
    this.#deadlines.endLoad(now)
  }

  /** Milliseconds from `now` until the timeout that applies. */
  remaining(now: number): number {
    return this.#deadlines.remaining(now)
  }

  /** The engine has answered: waits for its first token from now on. */
  begin(answer: Answer): void {
    this.#answer = answer
    this.progress = undefined
    if (answer.kind !== 'whole') answer.contract.countsText = this.#options.onProgress !== undefined
    const now = performance.now()
    this.#deadlines.enterPhase('first', now)
    this.timeline.begin(now)
  }

  /** A batch came at `now`. Only tokens count as progress: chunks may be empty. */
  advance(now: number): void {
    const answer = this.#answer
    if (answer === undefined || answer.kind === 'whole') return
    const { tokens } = answer.contract
    if (tokens === this.#tokens) return
    this.#tokens = tokens
    this.#onProgress(now)
  }

  /** A part of an answer without tokens came at `now`, such as sound. */
  advanceBytes(now: number): void {
    this.#tokens = this.#answer?.kind === 'passed' ? this.#answer.contract.tokens : 0
    this.#onProgress(now)
  }

  #onProgress(now: number): void {
    this.timeline.token(now)
    this.#deadlines.enterPhase('token', now)
  }

  /** From `now` on waits for the client to read. */
  waitForClient(now: number): void {
    this.timeline.waitForClient(now)
    this.#deadlines.waitForClient(now)
  }

  /** From `now` on waits for the engine. */
  waitForEngine(now: number): void {
    this.timeline.waitForEngine(now)
    this.#deadlines.waitForEngine(now)
  }

  /** The engine's token counts; undefined until it sends them, and where they are not believed. */
  get usage(): Usage | undefined {
    const answer = this.#answer
    return answer === undefined || this.#isUsageDoubted ? undefined : usageOf(answer)
  }

  /** From now on the engine's token counts are not believed, which the log names as a repair. */
  doubtUsage(): void {
    this.#isUsageDoubted = true
  }

  /** The JSON of an answer that was not streamed by the engine. */
  get wholeAnswer(): string | undefined {
    return this.#answer?.kind === 'whole' ? this.#answer.json : undefined
  }

  /** Tokens received so far. */
  get tokens(): number {
    return this.#tokens
  }

  /** The UTF-8 bytes of the streamed answer so far, for a caller with a limit on tokens. */
  get textLength(): number {
    return this.#answer === undefined ? 0 : textLengthOf(this.#answer)
  }

  /** The repairs of the engine's answer, for the log. */
  get repaired(): string[] {
    if (this.#answer === undefined) return []
    const repaired = [...new Set(repairsOf(this.#answer))]
    if (this.#isUsageDoubted && !repaired.includes('usage')) repaired.push('usage')
    return repaired
  }

  /** Settles as the promise does, unless the exchange ends first: then rejects with the reason. */
  untilEnd<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#endedEarly.promise])
  }

  finish(): void {
    this.#end({ kind: 'finished' })
  }

  fail(error: ApiError): void {
    this.#end({ kind: 'failed', error })
  }

  readonly cancel = (): void => {
    this.#end({ kind: 'cancelled' })
  }

  /** Somebody other than its client stops it; `reason` is for the client. */
  stop(reason: ApiError): void {
    // What runs in the background has no client.
    this.#end({ kind: 'cancelled', ...(!this.isBackground && { reason }) })
  }

  #end(outcome: Outcome): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.#removeTick()
    this.#options.client.removeEventListener('abort', this.cancel)
    if (outcome.kind !== 'finished') {
      if (outcome.kind === 'cancelled') watchStop(this.signal, this.timeline)
      const reason = errorOf(outcome) ?? new Cancelled('the client left')
      this.#control.abort(reason)
      this.#endedEarly.reject(reason)
    }
    // An error in one must not keep the others from freeing the slot, the connection and the
    // counters.
    logThrown(() => this.slot?.release(outcome))
    logThrown(() => this.writer?.stop(outcome))
    logThrown(() => this.#options.onEnd(this))
  }

  /**
   * Checks the timeouts before the heartbeat: a heartbeat makes the exchange wait for the client.
   */
  #tick(now: number): number | undefined {
    try {
      return this.#checkDeadlines(now)
    } catch (error) {
      // Thrown from a timer it would end the process, and with it every other stream.
      this.fail(toApiError(error))
      return undefined
    }
  }

  #checkDeadlines(now: number): number | undefined {
    this.timeline.checkedAt = now
    if (this.stopReason !== undefined) {
      this.stop(this.stopReason)
      return undefined
    }
    if (this.isAnswered) this.#options.onLongAnswer?.(this)
    const untilLook = this.watchLoad?.(now) ?? Number.POSITIVE_INFINITY
    const left = this.#deadlines.remaining(now)
    const overdue = this.#deadlines.overdue(now, this.timeline.engine ?? 'the engine')
    if (overdue === undefined) {
      const untilBeat = this.writer?.tick(now) ?? left
      return Math.min(left, untilLook, untilBeat, this.#report?.tick(this.#tokens, now) ?? left)
    }
    if (overdue === 'client') this.cancel()
    else this.fail(overdue)
    return undefined
  }
}
