import type { Exchange } from '../../stream/exchange.ts'
import type { Ticker } from '../../stream/ticker.ts'
import { abortable } from '../../util/abortable.ts'
import { delay } from '../../util/delay.ts'
import type { Engine } from '../engine.ts'
import type { Route, Router } from '../registry/router.ts'
import { isLoading, loadingRetryDelay } from '../upstream/model-loading.ts'
import { failureKind, retryAfterMs } from './failure-kind.ts'
import { otherMembers, type PooledRequest, watchFirstChunk } from './first-chunk.ts'
import { hasComeSince, isGone } from './later-engines.ts'
import { preferLoaded, withoutUnloaded } from './load-patience.ts'
import type { PoolMember } from './member.ts'
import { type PoolParts, PoolState } from './pool-state.ts'
import { asUnavailable, failureLabel, isFreeRetry, isStale, sameEngineDelay } from './retry.ts'
import type { Slot } from './slot.ts'
import type { watchLoad } from './watch-load.ts'

export interface PoolOptions extends PoolParts {
  router: Router
  ticker: Ticker
  /** The most requests that may wait for a concurrency slot of an engine. */
  queue: number
  /** Milliseconds without a first chunk after which another engine is tried, if there is one. */
  attemptTimeout: number
  /** For a model, the one to use instead when a request exceeds its context. */
  contextFallback: Readonly<Record<string, string>>
  /** Whether the only engine that serves a model is tried once more after a failure. */
  retry: boolean
  /** Milliseconds that a request may wait for the engine of its conversation, while others are free. */
  affinityWait?: number
  /** Shows what a server does about a model that it has to load. */
  watchLoad?: typeof watchLoad | undefined
  /** Whether a request must not resolve a promise of another request (workerd). */
  isolateRequests: boolean
  /** What is known of the engines from a pool that this one replaces. */
  state?: PoolState | undefined
}

/**
 * Sends the request to one engine. Resolves with the first chunk or a complete answer; aborting the
 * signal stops the engine.
 */
export type Attempt<T> = (route: Route, signal: AbortSignal) => Promise<T>

/** One request, through all of its attempts. */
interface Call<T> extends PooledRequest {
  attempt: Attempt<T>
  /** Whether it was sent again because a connection was stale, which happens once at most. */
  wasStale: boolean
}

/** The next attempt after a failure: at one of these engines, after a delay. */
interface RetryStep {
  members: PoolMember[]
  delayMs: number
  /** Whether the delay is for an engine that loads its model. */
  isLoading?: boolean
}

/** The most further attempts of a request, not counting those that `isFreeRetry`. */
const MAX_RETRIES = 2

/**
 * All engines: finds one that serves a model and has a free slot, and another one if that fails.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #state: PoolState
  readonly #members = new WeakMap<Engine, PoolMember>()

  constructor(options: PoolOptions) {
    this.#options = options
    this.#state = options.state ?? new PoolState(options.isolateRequests, options)
    if (options.state === undefined) this.takeOver([])
  }

  /** The length of the queue. */
  get waiting(): number {
    return this.#state.limiter.waiting
  }

  /** By its exchange, the place in the queue of each request that waits; 1 is the next one. */
  places(): Map<object, number> {
    return this.#state.limiter.places()
  }

  /** An engine's state in this pool. */
  member(engine: Engine): PoolMember {
    let member = this.#members.get(engine)
    if (member === undefined) {
      member = this.#state.memberOf(engine, this)
      this.#members.set(engine, member)
    }
    return member
  }

  /** Puts the settings of this pool in force for all requests, also those that another one began. */
  takeOver(engines: readonly Engine[]): void {
    const members = this.#state.takeOver(this, engines, this.#options.queue)
    for (const [index, member] of members.entries())
      this.#members.set(engines[index] as Engine, member)
  }

  /**
   * Tries the engines that serve a model until one answers. Rejects with an `ApiError`, or with the
   * reason why the exchange ended. Engines for which `can` is false are left out if any other is
   * left.
   */
  async answer<T>(
    exchange: Exchange,
    asked: string | null | undefined,
    attempt: Attempt<T>,
    can: (engine: Engine) => boolean = () => true,
  ): Promise<T> {
    let tried: Set<Engine> | undefined
    for (let model = asked; ; ) {
      const { modelAccess, asker } = exchange
      const routes = await this.#options.router.pick(model, modelAccess, asker)
      const able = routes.filter(({ engine }) => can(engine))
      const usable = able.length > 0 ? able : routes
      try {
        return await this.#answerFromRoutes(exchange, usable, attempt, model)
      } catch (error) {
        tried = new Set([...(tried ?? []), ...usable.map(({ engine }) => engine)])
        if (isGone(error) && (await hasComeSince(tried, this.#options.router, exchange, model))) {
          exchange.retry(failureLabel(exchange.timeline.engine, error), error)
          continue
        }
        const fallback =
          failureKind(error) === 'overflow' && this.#fallbackFor(exchange, model, routes[0])
        if (!fallback || exchange.outcome !== undefined) throw asUnavailable(error, routes)
        exchange.retry(failureLabel(exchange.timeline.engine, error), error)
        model = fallback
      }
    }
  }

  /** Like `answer`, at engines that were not chosen by a model's name. */
  async answerFrom<T>(
    exchange: Exchange,
    routes: readonly Route[],
    attempt: Attempt<T>,
  ): Promise<T> {
    try {
      return await this.#answerFromRoutes(exchange, routes, attempt, undefined)
    } catch (error) {
      throw asUnavailable(error, routes)
    }
  }

  /**
   * Rejects with an `ApiError` where the caller may not use the model or no engine has it. For
   * answers that begin before an engine is asked.
   */
  async requireModel(exchange: Exchange, asked: string | null | undefined): Promise<void> {
    await this.#options.router.pick(asked, exchange.modelAccess, exchange.asker)
  }

  /**
   * The model with a longer context; undefined if none is configured or this caller may not use it.
   */
  #fallbackFor(
    { modelAccess }: Exchange,
    asked: string | null | undefined,
    { model: found }: Route,
  ): string | undefined {
    const { contextFallback } = this.#options
    const name = [asked, found].find((each) => each && Object.hasOwn(contextFallback, each))
    const next = name ? contextFallback[name] : undefined
    return next !== undefined && (modelAccess?.(next) ?? true) ? next : undefined
  }

  async #answerFromRoutes<T>(
    exchange: Exchange,
    routes: readonly Route[],
    attempt: Attempt<T>,
    model: string | null | undefined,
  ): Promise<T> {
    const now = performance.now()
    const members = routes.map(({ engine, isDown }) => {
      const member = this.member(engine)
      member.setDown(isDown, now)
      return member
    })
    const { conversations } = this.#state
    const conversation = members.length > 1 ? conversations?.of(exchange, model, now) : undefined
    const most = this.#options.affinityWait ?? 0
    const affinityWait = conversation?.member && conversations?.waitFor(exchange, most)
    const call: Call<T> = { exchange, attempt, routes, members, failed: new Set(), wasStale: false }
    for (let next = preferLoaded(call, now), retries = 0; ; retries++) {
      const acquired = this.#state.limiter.acquire({
        caller: exchange.caller,
        members: next,
        isCompared: members.length > 1,
        isForced: next.length === 1 && (retries > 0 || members.length === 1),
        isBackground: exchange.isBackground,
        conversation,
        affinityWait,
        signal: exchange.signal,
        holder: exchange,
      })
      const slot = acquired instanceof Promise ? await queued(exchange, acquired) : acquired
      try {
        const answer = await this.#attempt(call, slot)
        exchange.isAnswered = true
        exchange.affinity = conversation && conversations?.remember(conversation, slot.member)
        // One that its client left early would earn retries for the next one.
        this.#state.budgets.forCaller(exchange.caller).countRequest(performance.now())
        return answer
      } catch (error) {
        const step = this.#nextStep(call, slot, error, retries)
        exchange.retry(failureLabel(slot.member.engine.label, error), error, step.isLoading)
        next = step.members
        if (step.delayMs > 0) await delay(step.delayMs, exchange.signal)
      }
    }
  }

  /** One attempt. If it succeeds, the slot is released when the exchange ends. */
  async #attempt<T>(call: Call<T>, slot: Slot): Promise<T> {
    const { exchange, attempt, routes, members } = call
    const { member, permit } = slot
    const { signal } = exchange
    exchange.slot = slot
    if (exchange.outcome !== undefined) slot.release(exchange.outcome)
    signal.throwIfAborted()
    const route = routes[members.indexOf(member)] as Route
    exchange.timeline.attempt(member.engine.label, route.model, member.engine.kind)
    exchange.endLoading(performance.now())
    const stopWatchingLoad = this.#options.watchLoad?.(exchange, route)
    const stopWatching = watchFirstChunk(call, member, this.#options, this.#state.budgets)
    try {
      const ask = () => attempt(route, signal)
      const pending = exchange.trace?.run ? exchange.trace.run(ask) : ask()
      const answer = await (stopWatching ? abortable(pending, signal) : pending)
      permit.answered()
      return answer
    } catch (error) {
      // The upstream's request may fail in another way than it was aborted for.
      throw signal.aborted ? signal.reason : error
    } finally {
      stopWatchingLoad?.()
      stopWatching?.()
    }
  }

  /** The next attempt after a failure. Throws the error if there is none. */
  #nextStep<T>(call: Call<T>, slot: Slot, error: unknown, retries: number): RetryStep {
    const { exchange, failed } = call
    const { member } = slot
    if (exchange.outcome !== undefined) throw error
    const now = performance.now()
    const kind = failureKind(error)
    exchange.slot = undefined
    slot.releaseFailed(kind, error, now)
    if (kind === 'refused' || kind === 'overflow') throw error
    if (isStale(error) && this.#options.retry && !call.wasStale) {
      call.wasStale = true
      return { members: [member], delayMs: 0 }
    }
    failed.add(member)
    const all = otherMembers(call, member)
    // Another engine would have to load the model too, and begin later.
    const candidates = isLoading(error) ? withoutUnloaded(call, all) : all
    const others = kind === 'busy' ? candidates.filter((other) => other.hasFreeSlot) : candidates
    if (others.length > 0) {
      if (!this.#mayTryAnother(slot, error, retries, exchange.caller)) throw error
      return { members: others, delayMs: 0 }
    }
    if (isLoading(error) && this.#options.retry) {
      exchange.showLoading(`${member.engine.label} loads its model`, now)
      const retryAfter = retryAfterMs(error)
      const delayMs = loadingRetryDelay(retries, retryAfter, exchange.remaining(now))
      if (delayMs !== undefined) return { members: [member], delayMs, isLoading: true }
    }
    const isLast = retries > 0 || !this.#options.retry || isLoading(error)
    const delayMs = isLast ? undefined : sameEngineDelay(member.engine, kind, error)
    if (delayMs === undefined || !this.#state.budgets.forCaller(exchange.caller).withdraw(now))
      throw error
    return { members: [member], delayMs }
  }

  /**
   * Within the retry budget. An attempt that cost no work, or was a probe, uses up nothing of it.
   */
  #mayTryAnother(slot: Slot, error: unknown, retries: number, caller: string): boolean {
    if (isFreeRetry(error) || slot.permit.isProbe) return true
    return (
      retries < MAX_RETRIES && this.#state.budgets.forCaller(caller).withdraw(performance.now())
    )
  }
}

/** Waits for a concurrency slot, which the exchange is told of. */
async function queued(exchange: Exchange, acquiring: Promise<Slot>): Promise<Slot> {
  exchange.timeline.enterQueue(performance.now())
  try {
    return await acquiring
  } finally {
    exchange.timeline.leaveQueue(performance.now())
  }
}
