/** Asks a server for the states of its models while requests wait for it. */
import type { LoadState } from '../../engine.ts'
import type { LoadEvent } from './load-events.ts'
import { type Manager, stateOf } from './manager.ts'
import type { ModelState, ModelStates } from './model-state.ts'

/** Milliseconds between two questions, for which an answer is waited for, and for which it holds. */
const POLL = { every: 1_000, timeout: 2_000, holds: 5_000 }

/**
 * Milliseconds for which events are read at most, and after which they are read no longer if nobody has
 * looked since.
 */
const FOLLOW = { most: 30_000, unwatched: 3_000 }

/**
 * Milliseconds for which a request is taken to wait for its model, since it began or since the server last
 * was seen to load or unload one. A server that does neither does not answer for another reason.
 */
const GRACE = 30_000

/** How a server is asked. Both reject where that fails, or when the signal aborts. */
export interface Asking {
  /** Reads the JSON at a path of the server. */
  json(path: string, signal: AbortSignal): Promise<unknown>
  /** Reads the progress of loads at a path of the server, until it ends. */
  events(path: string, signal: AbortSignal, take: (progress: LoadEvent) => void): Promise<void>
}

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
  readonly #asking: Asking
  #states: ModelStates = new Map()
  #askedAt = Number.NEGATIVE_INFINITY
  #answeredAt = Number.NEGATIVE_INFINITY
  #isAsking = false
  /** Whether the server, which is alive, did not tell the states: it loads some model. */
  #isBlocked = false
  /** When the server was last seen to load or unload a model. */
  #activeAt = Number.NEGATIVE_INFINITY
  readonly #failures = new Map<string, Failure>()

  /** The progress of loads, where the server tells it by events. */
  readonly #progress = new Map<string, Omit<LoadEvent, 'model'>>()
  /** When events were last begun to be read. */
  #followedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(manager: Manager, asking: Asking) {
    this.#manager = manager
    this.#asking = asking
  }

  /**
   * The state of a model, by the server's own name, for a request that waits `since` then; undefined
   * where the server does not tell it. Times are milliseconds of `performance.now()`.
   */
  look(own: string, since: number, now = performance.now()): LoadState | undefined {
    this.#lookedAt = now
    const pause = this.#isAsking ? POLL.timeout : POLL.every
    if (now - this.#askedAt >= pause) void this.#ask(now)
    const failure = this.#failures.get(own)
    if (failure !== undefined && failure.at >= since) return { ...failure, kind: 'failed' }
    if (now - this.#answeredAt > POLL.holds) return { kind: 'unknown' }
    const state = stateOf(this.#manager, this.#states, own)
    return state && this.#loadState(own, state, now - Math.max(since, this.#activeAt))
  }

  /** The states were read otherwise, when the models were listed. */
  note(states: ModelStates): void {
    this.#states = states
  }

  /** `quiet`: milliseconds for which the server has done nothing that the request could wait for. */
  #loadState(own: string, state: ModelState, quiet: number): LoadState {
    switch (state.kind) {
      case 'loaded':
        // A blocked server does not say whether the model has been unloaded meanwhile.
        return { kind: this.#isBlocked ? 'unknown' : 'loaded' }
      case 'loading':
        return { ...state, ...this.#progress.get(own) }
      default:
        if (quiet > GRACE) return { kind: 'unknown' }
        // It cannot answer before it has loaded the model, also if an earlier load failed.
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
    if (states === 'blocked' || [...states.values()].some(isActive)) {
      this.#activeAt = this.#answeredAt
    }
    if (states === 'blocked') return
    this.#states = states
    this.#noteFailures(previous)
    this.#followLoads()
  }

  /** Reads the server's events while it loads a model and somebody looks. */
  #followLoads(): void {
    const loading = [...this.#states].filter(([, { kind }]) => kind === 'loading')
    const names = new Set(loading.map(([name]) => name))
    for (const name of this.#progress.keys()) if (!names.has(name)) this.#progress.delete(name)
    const { eventsPath } = this.#manager
    const now = performance.now()
    if (eventsPath === undefined || names.size === 0 || now - this.#followedAt < FOLLOW.most) return
    this.#followedAt = now
    void this.#follow(eventsPath, now)
  }

  async #follow(path: string, startedAt: number): Promise<void> {
    const stop = new AbortController()
    const timer = setInterval(() => {
      const now = performance.now()
      const isUnwatched = now - this.#lookedAt > FOLLOW.unwatched
      const isOver = ![...this.#states.values()].some(({ kind }) => kind === 'loading')
      if (isUnwatched || isOver || now - startedAt > FOLLOW.most) stop.abort()
    }, POLL.every)
    try {
      await this.#asking.events(path, stop.signal, ({ model, ...progress }) => {
        this.#progress.set(model, progress)
      })
    } catch {
      // An old version has no events, and what is missing then is the percentage.
    } finally {
      clearInterval(timer)
      // Not begun again at once where the server refused or broke off.
      if (stop.signal.aborted) this.#followedAt = Number.NEGATIVE_INFINITY
    }
  }

  /** Undefined where the server does not answer. */
  async #readStates(): Promise<ModelStates | 'blocked' | undefined> {
    const { path, read, livePath } = this.#manager
    const { timeout } = POLL
    try {
      const live = livePath === undefined ? timeout : timeout / 2
      return read(await this.#asking.json(path, AbortSignal.timeout(live)))
    } catch {
      if (livePath === undefined) return undefined
    }
    try {
      await this.#asking.json(livePath, AbortSignal.timeout(timeout / 4))
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

function isActive({ kind }: ModelState): boolean {
  return kind === 'loading' || kind === 'unloading'
}
