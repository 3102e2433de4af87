import type { Usage } from '../wire/chat/request.ts'
import { type ApiError, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import type { AnyContract, WholeAnswer } from './chat-stream.ts'
import { Deadlines, type Limits } from './deadlines.ts'
import type { Ticker } from './ticker.ts'

/** How an answer ended. There is exactly one outcome, and the first stands. */
export type Outcome =
  | { kind: 'finished' }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'cancelled' }

/** An engine's answer, as far as an exchange looks at it. */
type Answer = WholeAnswer | { kind: 'chunks' | 'frames'; contract: AnyContract }

/** Who carries an answer to its client. */
export interface StreamWriter {
  /**
   * Called on every tick, unless a deadline has passed. Returns in how many milliseconds something
   * may be due; undefined where that is not known.
   */
  tick(now: number): number | undefined
  /** Called once, when the outcome is known. */
  stop(outcome: Outcome): void
}

export interface ExchangeOptions {
  /** Aborts when the client hangs up, on hosts that see it. */
  client: AbortSignal
  limits: Limits
  ticker: Ticker
  /** Called once; within the constructor, if the client is gone already. */
  onEnd: (exchange: Exchange) => void
}

/**
 * One request being answered by an engine, from its arrival to its outcome: who is waited for,
 * until when, and the one signal that stops the engine.
 */
export class Exchange {
  outcome: Outcome | undefined
  /** The label of the engine that answers, and the model it was asked for. */
  engine: string | undefined
  model: string | undefined
  /** Who asks, where clients are told apart: they take turns at a busy engine. */
  who = ''
  /** Whether its caller may ask for a model by this name; undefined for one who may ask for all. */
  mayUse: ((model: string) => boolean) | undefined
  /** The sluices that the request has passed, this one last: engines that ask others send it along. */
  hops: readonly string[] = []
  /** How often an engine was asked, and how each attempt but the last failed: `gpu upstream_…`. */
  attempts = 0
  readonly failures: string[] = []
  /** Whether the answer is streamed to the client. */
  isStream = false
  /** Settles when the client has taken the last of a streamed answer, or is gone. */
  delivered: Promise<void> | undefined
  /** What the engine does before it can answer, in a few words. */
  progress: string | undefined
  /** When the first token came, by `performance.now()`. */
  firstTokenAt: number | undefined
  /** Carries a streamed answer to its client. */
  writer: StreamWriter | undefined
  /** What is given back when the outcome is known: the engine is free again. */
  holds: { release(outcome: Outcome): void } | undefined

  /** Of the engine that is asked now. */
  #control = new AbortController()
  readonly #deadlines: Deadlines
  readonly #options: ExchangeOptions
  readonly #removeTick: () => void
  readonly #stopped: Promise<never>
  #answer: Answer | undefined
  #tokens = 0
  #reject: (reason: unknown) => void = () => {}

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.limits)
    this.#stopped = new Promise((_resolve, reject) => {
      this.#reject = reject
    })
    this.#stopped.catch(() => {})
    this.#removeTick = options.ticker.add((now) => this.#tick(now))
    if (options.client.aborted) this.cancel()
    else options.client.addEventListener('abort', this.cancel, { once: true })
  }

  /**
   * Aborts with the outcome: what the engine does for this request must stop. Each engine that is
   * asked has a signal of its own, which aborts as well when it is given up.
   */
  get signal(): AbortSignal {
    return this.#control.signal
  }

  /** An engine is asked, for the first time or after another one has failed. */
  attempt(engine: string, model: string | undefined): void {
    this.engine = engine
    this.model = model
    this.attempts++
  }

  /** What the engine does for this request is of no use any more. */
  giveUp(reason: unknown): void {
    this.#control.abort(reason)
  }

  /**
   * The engine failed before its first chunk: another answer is waited for from now on; or, where it
   * `isLoading` its model, the same one, for which it has no more time than before.
   */
  retry(failure: string, reason: unknown, isLoading = false): void {
    this.giveUp(reason)
    this.#control = new AbortController()
    if (!isLoading || this.failures.at(-1) !== failure) this.failures.push(failure)
    this.#answer = undefined
    this.#tokens = 0
    this.firstTokenAt = undefined
    this.progress = isLoading ? `${this.engine} loads its model` : undefined
    if (!isLoading) this.#deadlines.enter('answer', performance.now())
  }

  /** Milliseconds from `now` until the next deadline is missed. */
  left(now: number): number {
    return this.#deadlines.left(now)
  }

  /** The engine has answered; its first token is waited for. */
  begin(answer: Answer): void {
    this.#answer = answer
    this.#deadlines.enter('first', performance.now())
  }

  /** A batch of the answer came at `now`. Only a token is progress: a chunk may say nothing. */
  advance(now: number): void {
    const answer = this.#answer
    if (answer === undefined || answer.kind === 'whole') return
    const { tokens } = answer.contract
    if (tokens === this.#tokens) return
    this.#tokens = tokens
    this.firstTokenAt ??= now
    this.#deadlines.enter('token', now)
  }

  /** From `now` on it is the client who is waited for, to read. */
  waitForClient(now: number): void {
    this.#deadlines.waitForClient(now)
  }

  /** From `now` on it is the engine who is waited for. */
  waitForEngine(now: number): void {
    this.#deadlines.waitForEngine(now)
  }

  /** What the engine counted, as far as it is known. */
  get usage(): Usage | undefined {
    const answer = this.#answer
    return answer?.kind === 'whole' ? answer.usage : answer?.contract.usage
  }

  /** How many tokens were seen. */
  get tokens(): number {
    return this.#tokens
  }

  /** What was repaired in the engine's answer. */
  get repaired(): string[] {
    const answer = this.#answer
    if (answer === undefined) return []
    return answer.kind === 'whole' ? answer.repaired : [...answer.contract.repaired]
  }

  /** The promise's value, unless the exchange ends first: then rejects with why. */
  async orStop<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#stopped])
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

  #end(outcome: Outcome): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.#removeTick()
    this.#options.client.removeEventListener('abort', this.cancel)
    if (outcome.kind !== 'finished') {
      const reason = outcome.kind === 'failed' ? outcome.error : new Cancelled('the client left')
      this.#control.abort(reason)
      this.#reject(reason)
    }
    // Each has to learn of it, whatever another throws: they count what runs, and close what is open.
    withoutThrowing(() => this.holds?.release(outcome))
    withoutThrowing(() => this.writer?.stop(outcome))
    withoutThrowing(() => this.#options.onEnd(this))
  }

  /** A heartbeat has the client waited for: whether the engine is late is looked at before that. */
  #tick(now: number): number | undefined {
    try {
      return this.#look(now)
    } catch (error) {
      // Thrown into a timer it would end the process, and with it all other streams.
      this.fail(toApiError(error))
      return undefined
    }
  }

  #look(now: number): number | undefined {
    const left = this.#deadlines.left(now)
    const overdue = this.#deadlines.overdue(now, this.engine ?? 'the engine')
    if (overdue === undefined) return Math.min(left, this.writer?.tick(now) ?? left)
    if (overdue === 'client') this.cancel()
    else this.fail(overdue)
    return undefined
  }
}

/** An error thrown into a timer or an abort event would end the process, on Node. */
function withoutThrowing(act: () => void): void {
  try {
    act()
  } catch (error) {
    console.error('sluice: an error at the end of a request:', error)
  }
}
