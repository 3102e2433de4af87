import { type BreakerState, Circuit, type Sent } from './circuit.ts'

/**
 * The permission to send one request. `succeeded`, `failed` and `ignored` end it: the first call
 * counts, later ones do nothing.
 */
export interface BreakerPermit {
  /** Whether this request is a probe that decides whether the breaker closes. */
  readonly isProbe: boolean
  /** The first chunk came: the engine works, however the stream ends. */
  answered(): void
  succeeded(now: number): void
  /**
   * `by: 'caller'`: the engine had the request, which may have provoked the failure, so that it counts
   * for its caller alone.
   */
  failed(now: number, by?: 'caller'): void
  /**
   * The request ended without showing anything about the engine; its client hung up, for example.
   */
  ignored(): void
}

/** So many callers that are kept from an engine make it suspect. */
const SUSPECT_AFTER = 2

/** The most callers whose failures are remembered. */
const MAX_CALLERS = 1_000

/**
 * Stops requests to an engine that keeps failing. Times are milliseconds of `performance.now()`.
 *
 * An engine that can't be reached is closed to every caller, since no request can provoke that. Every
 * other failure counts for its caller alone, however many callers have them: keys that work together
 * must not be able to close a working engine to others. Where two callers are kept from an engine it is
 * suspect, so that a third is kept from it after one failure instead of five.
 */
export class CircuitBreaker {
  /** Failures to reach it. */
  readonly #reach = new Circuit()
  /** The other failures of each caller; who had one last is last. */
  readonly #callers = new Map<string, Circuit>()

  /** `half-open` where it is open to some callers only. */
  state(now: number): BreakerState {
    const reach = this.#reach.state(now)
    if (reach !== 'closed') return reach
    // Where callers have no names, there is no other one.
    const unnamed = this.#callers.get('')?.state(now) ?? 'closed'
    return unnamed === 'closed' && this.#openCallers() > 0 ? 'half-open' : unnamed
  }

  /** Whether a request of this caller may be sent now. */
  allows(now: number, caller = ''): boolean {
    return this.retryIn(now, caller) === 0
  }

  /** Milliseconds until a request of this caller may pass; 0 if it may now. */
  retryIn(now: number, caller = ''): number {
    return Math.max(this.#reach.retryIn(now), this.#callers.get(caller)?.retryIn(now) ?? 0)
  }

  /** The engine seems to be back: the next request of each caller may probe it without waiting. */
  allowProbe(now: number): void {
    this.#reach.allowProbe(now)
    for (const circuit of this.#callers.values()) circuit.allowProbe(now)
  }

  /**
   * Lets a request pass even if `allows` is false: it may be the only engine that has the model.
   */
  acquire(now: number, caller = ''): BreakerPermit {
    const circuits = { reach: this.#reach, own: this.#callers.get(caller) }
    return new Permit(this, circuits, caller, now)
  }

  /** The engine answered a request. Where it failed for several callers, they may probe it at once. */
  reached(): void {
    if (this.#openCallers() < SUSPECT_AFTER) return
    for (const circuit of this.#callers.values()) circuit.allowProbe(0)
  }

  /** A request of this caller failed, although the engine had it. */
  failed(caller: string, now: number): void {
    const circuit = this.#callers.get(caller) ?? new Circuit()
    const others = this.#openCallers() - Number(circuit.isOpen)
    circuit.failed(now, others >= SUSPECT_AFTER)
    this.#callers.delete(caller)
    this.#callers.set(caller, circuit)
    const [oldest] = this.#callers.keys()
    if (this.#callers.size > MAX_CALLERS && oldest !== undefined) this.#callers.delete(oldest)
  }

  /** The failures of a caller, if there were any lately. */
  circuitOf(caller: string): Circuit | undefined {
    return this.#callers.get(caller)
  }

  /** Forgets a caller without failures. */
  forget(caller: string, now: number): void {
    if (!this.#callers.get(caller)?.hasFailures(now)) this.#callers.delete(caller)
  }

  #openCallers(): number {
    let count = 0
    for (const { isOpen } of this.#callers.values()) if (isOpen) count++
    return count
  }
}

/** What a pool asks of it. */
export type EngineBreaker = Pick<
  CircuitBreaker,
  'state' | 'allows' | 'retryIn' | 'allowProbe' | 'acquire'
>

class Permit implements BreakerPermit {
  readonly #breaker: CircuitBreaker
  readonly #caller: string
  readonly #reach: Circuit
  readonly #sent: Sent
  /** The caller's own circuit, if it had failures when the request was sent. */
  readonly #own: Circuit | undefined
  readonly #ownSent: Sent
  #hasEnded = false

  constructor(
    breaker: CircuitBreaker,
    { reach, own }: { reach: Circuit; own: Circuit | undefined },
    caller: string,
    now: number,
  ) {
    this.#breaker = breaker
    this.#caller = caller
    this.#reach = reach
    this.#sent = reach.send(now)
    this.#own = own
    this.#ownSent = own?.send(now) ?? NOT_COUNTED
  }

  get isProbe(): boolean {
    return this.#sent.isProbe || this.#ownSent.isProbe
  }

  answered(): void {
    this.#reach.answered(this.#sent)
    this.#current()?.answered(this.#ownSent)
    this.#breaker.reached()
  }

  succeeded(now: number): void {
    if (!this.#endOnce()) return
    this.#reach.succeeded(this.#sent, now)
    this.#current()?.succeeded(this.#ownSent, now)
    this.#breaker.reached()
    this.#breaker.forget(this.#caller, now)
  }

  failed(now: number, by?: 'caller'): void {
    if (!this.#endOnce()) return
    if (by === undefined) this.#reach.failed(now)
    else {
      this.#reach.answered(this.#sent)
      this.#breaker.failed(this.#caller, now)
    }
  }

  ignored(): void {
    this.#endOnce()
  }

  /** The caller's circuit, also one that failures of requests sent at the same time have made since. */
  #current(): Circuit | undefined {
    return this.#own ?? this.#breaker.circuitOf(this.#caller)
  }

  /** Returns whether this is the first call that ends the permit. */
  #endOnce(): boolean {
    const isFirst = !this.#hasEnded
    this.#hasEnded = true
    this.#reach.release(this.#sent)
    this.#own?.release(this.#ownSent)
    return isFirst
  }
}

const NOT_COUNTED: Sent = { isProbe: false, wasOpen: false }
