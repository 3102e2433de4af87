/** Asks a server for the states of its models while requests wait for it. */
import type { LoadState } from '../../engine.ts'
import { type Manager, stateOf } from './manager.ts'
import type { ModelState, ModelStates } from './model-state.ts'

/** Milliseconds between two questions, for which an answer is waited for, and for which it holds. */
const POLL = { every: 1_000, timeout: 2_000, holds: 5_000 }

/** Reads the JSON at a path of the server. Rejects where that fails, or when the signal aborts. */
export type ReadJson = (path: string, signal: AbortSignal) => Promise<unknown>

/** A load that failed, and when that was seen. */
interface Failure {
  at: number
  exitCode: number | undefined
}

/**
 * What one server last said of its models. All requests that wait for the server share it: whoever looks
 * first after a second asks. Nobody waits for the question, so on workerd no request wakes another; one
 * that is lost, because the request that asked has ended, is asked again.
 */
export class LoadWatch {
  readonly #manager: Manager
  readonly #read: ReadJson
  #states: ModelStates = new Map()
  #askedAt = Number.NEGATIVE_INFINITY
  #answeredAt = Number.NEGATIVE_INFINITY
  #isAsking = false
  /** Whether the server, which is alive, did not tell the states: it loads some model. */
  #isBlocked = false
  readonly #failures = new Map<string, Failure>()

  constructor(manager: Manager, read: ReadJson) {
    this.#manager = manager
    this.#read = read
  }

  /**
   * The state of a model, by the server's own name, for a request that waits `since` then; undefined
   * where the server does not tell it. Times are milliseconds of `performance.now()`.
   */
  look(own: string, since: number, now = performance.now()): LoadState | undefined {
    const pause = this.#isAsking ? POLL.timeout : POLL.every
    if (now - this.#askedAt >= pause) void this.#ask(now)
    const failure = this.#failures.get(own)
    if (failure !== undefined && failure.at >= since) return { ...failure, kind: 'failed' }
    if (now - this.#answeredAt > POLL.holds) return { kind: 'unknown' }
    const state = stateOf(this.#manager, this.#states, own)
    return state && this.#loadState(state)
  }

  /** The states were read otherwise, when the models were listed. */
  note(states: ModelStates): void {
    this.#states = states
  }

  #loadState(state: ModelState): LoadState {
    switch (state.kind) {
      case 'loaded':
        // A blocked server does not say whether the model has been unloaded meanwhile.
        return { kind: this.#isBlocked ? 'unknown' : 'loaded' }
      case 'loading':
        return state
      default:
        // It can't answer before it has loaded the model, also if an earlier load failed.
        return { kind: 'waiting', unloading: this.#unloading(), loadsOther: this.#isBlocked }
    }
  }

  #unloading(): string[] {
    return [...this.#states].filter(([, { kind }]) => kind === 'unloading').map(([name]) => name)
  }

  async #ask(now: number): Promise<void> {
    const previous = now - this.#answeredAt <= POLL.holds ? this.#states : undefined
    this.#askedAt = now
    this.#isAsking = true
    const states = await this.#readStates()
    // Another question was asked meanwhile, since this one took too long.
    if (this.#askedAt !== now) return
    this.#isAsking = false
    if (states === undefined) return
    this.#answeredAt = performance.now()
    this.#isBlocked = states === 'blocked'
    if (states === 'blocked') return
    this.#states = states
    this.#noteFailures(previous)
  }

  /** Undefined where the server does not answer. */
  async #readStates(): Promise<ModelStates | 'blocked' | undefined> {
    const { path, read, livePath } = this.#manager
    const { timeout } = POLL
    try {
      const live = livePath === undefined ? timeout : timeout / 2
      return read(await this.#read(path, AbortSignal.timeout(live)))
    } catch {
      if (livePath === undefined) return undefined
    }
    try {
      await this.#read(livePath, AbortSignal.timeout(timeout / 4))
      return 'blocked'
    } catch {
      return undefined
    }
  }

  /** A load has failed if the model was being loaded, and the server now says that it failed. */
  #noteFailures(previous: ModelStates | undefined): void {
    for (const name of this.#failures.keys()) {
      if (this.#states.get(name)?.kind !== 'failed') this.#failures.delete(name)
    }
    for (const [name, state] of this.#states) {
      if (state.kind !== 'failed' || previous?.get(name)?.kind !== 'loading') continue
      this.#failures.set(name, { at: this.#answeredAt, exitCode: state.exitCode })
    }
  }
}
