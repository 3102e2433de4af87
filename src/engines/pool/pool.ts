import type { Exchange } from '../../stream/exchange.ts'
import type { Ticker } from '../../stream/ticker.ts'
import { orAborted } from '../../util/abortable.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine } from '../engine.ts'
import type { Route, Router } from '../registry/router.ts'
import { unavailable } from '../registry/unavailable.ts'
import { isLoading, LOADING, restWhileLoading, withRetryAfter } from '../upstream/model-loading.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import { isPassing, restOf, type Verdict, verdictOf } from './failure-kind.ts'
import { Member } from './member.ts'
import { RetryBudgets } from './retry-budget.ts'
import type { Slot } from './slot.ts'

export interface PoolOptions {
  router: Router
  ticker: Ticker
  /** How many requests may wait for an engine. */
  queue: number
  /** Milliseconds without a first chunk after which another engine is asked, if there is one. */
  attemptTimeout: number
  /** The model that is asked where a request is too long for another. */
  contextFallback: Readonly<Record<string, string>>
  /** Whether the only engine that serves a model is asked once more after it failed. */
  retry: boolean
  /** Whether no request may be woken by another (workerd). */
  isolateRequests: boolean
}

/** Asks one engine, up to the first chunk or to a whole answer. Aborting the signal stops it. */
export type Attempt<T> = (route: Route, signal: AbortSignal) => Promise<T>

/** One request on its way to an engine. */
interface Call<T> {
  exchange: Exchange
  attempt: Attempt<T>
  routes: Route[]
  members: Member[]
  /** Those that have failed it. */
  tried: Set<Member>
}

/** What is tried after a failure: one of these engines, after so many milliseconds. */
interface Step {
  members: Member[]
  rest: number
  /** Whether the engine is waited for because it loads its model. */
  isLoading?: boolean
}

/** How often a request may be tried again where that costs the engines something. */
const MOST_RETRIES = 2

/** The longest `Retry-After` that is waited for, and the wait where none is given, milliseconds. */
const REST = { longest: 3_000, first: 100, jitter: 200 }

/** Codes of attempts that gave the engine nothing to do, or that were given up. */
const COSTS_NOTHING: ReadonlySet<unknown> = new Set([
  'upstream_unreachable',
  'attempt_timeout',
  'loop_detected',
  LOADING,
])

/** Milliseconds between two looks for another engine, from `attemptTimeout` on. */
const LOOK = 1_000

/** All engines: finds one that serves a model and has time, and another one if that fails. */
export class Pool {
  readonly #options: PoolOptions
  readonly #limiter: ConcurrencyLimiter
  readonly #budgets = new RetryBudgets()
  readonly #members = new WeakMap<Engine, Member>()

  constructor(options: PoolOptions) {
    this.#options = options
    this.#limiter = new ConcurrencyLimiter(options.queue, options.isolateRequests)
  }

  /** How many requests wait for an engine. */
  get waiting(): number {
    return this.#limiter.waiting
  }

  /** How an engine fares. */
  member(engine: Engine): Member {
    let member = this.#members.get(engine)
    if (member === undefined) {
      member = new Member(engine)
      this.#members.set(engine, member)
    }
    return member
  }

  /**
   * Asks an engine that serves the model, and after a failure another. Rejects with an `ApiError`,
   * or with why the exchange ended. Where an engine `can` do it, those that can't are left out.
   */
  async answer<T>(
    exchange: Exchange,
    asked: string | null | undefined,
    attempt: Attempt<T>,
    can: (engine: Engine) => boolean = () => true,
  ): Promise<T> {
    for (let model = asked; ; ) {
      const routes = await this.#options.router.pick(model, exchange.mayUse)
      const able = routes.filter(({ engine }) => can(engine))
      try {
        return await this.#askOneOf(exchange, able.length > 0 ? able : routes, attempt)
      } catch (error) {
        const fallback =
          verdictOf(error) === 'overflow' && this.#fallbackFor(exchange, model, routes[0])
        if (!fallback || exchange.outcome !== undefined) throw asUnavailable(error, routes)
        exchange.retry(nameOf(exchange.engine, error), error)
        model = fallback
      }
    }
  }

  /**
   * Rejects with an `ApiError` where no engine may be asked for the model: for answers that begin
   * before an engine was asked.
   */
  async requireModel(exchange: Exchange, asked: string | null | undefined): Promise<void> {
    await this.#options.router.pick(asked, exchange.mayUse)
  }

  /** The model with a longer context to ask instead; undefined where this caller has none. */
  #fallbackFor(
    { mayUse }: Exchange,
    asked: string | null | undefined,
    { model: found }: Route,
  ): string | undefined {
    const { contextFallback } = this.#options
    const name = [asked, found].find((each) => each && Object.hasOwn(contextFallback, each))
    const next = name ? contextFallback[name] : undefined
    return next !== undefined && (mayUse?.(next) ?? true) ? next : undefined
  }

  async #askOneOf<T>(exchange: Exchange, routes: Route[], attempt: Attempt<T>): Promise<T> {
    const now = performance.now()
    this.#budgets.of(exchange.who).request(now)
    const members = routes.map(({ engine, isDown }) => {
      const member = this.member(engine)
      member.listed(isDown, now)
      return member
    })
    const call: Call<T> = { exchange, attempt, routes, members, tried: new Set() }
    for (let next = members, retries = 0; ; retries++) {
      const taking = this.#limiter.take({
        who: exchange.who,
        members: next,
        isForced: next.length === 1,
        signal: exchange.signal,
      })
      const slot = taking instanceof Promise ? await taking : taking
      try {
        return await this.#ask(call, slot)
      } catch (error) {
        const step = this.#next(call, slot, error, retries)
        exchange.retry(nameOf(slot.member.engine.label, error), error, step.isLoading)
        next = step.members
        if (step.rest > 0) await pause(step.rest, exchange.signal)
      }
    }
  }

  /** One attempt. Where it succeeds, the end of the exchange ends the slot. */
  async #ask<T>(call: Call<T>, slot: Slot): Promise<T> {
    const { exchange, attempt, routes, members } = call
    const { member, pass } = slot
    const { signal } = exchange
    exchange.holds = slot
    if (exchange.outcome !== undefined) slot.release(exchange.outcome)
    signal.throwIfAborted()
    const route = routes[members.indexOf(member)] as Route
    exchange.attempt(member.engine.label, route.model)
    const stopWatch = this.#watch(call, member)
    try {
      const asking = attempt(route, signal)
      const answer = await (stopWatch ? orAborted(asking, signal) : asking)
      pass.answered()
      return answer
    } finally {
      stopWatch?.()
    }
  }

  /** Gives an engine up that sends nothing for too long, once there is another to ask. */
  #watch<T>(call: Call<T>, member: Member): (() => void) | undefined {
    const { exchange, members, tried } = call
    if (members.length - tried.size < 2) return undefined
    const { attemptTimeout, ticker } = this.#options
    const startedAt = performance.now()
    return ticker.add((now) => {
      // A whole answer says nothing until it is done: that it is silent says nothing about it.
      if (!exchange.isStream || exchange.signal.aborted) return undefined
      const left = startedAt + attemptTimeout - now
      if (left > 0) return left
      const others = this.#others(call, member).filter(({ hasRoom, isDown }) => hasRoom && !isDown)
      if (others.length === 0 || !this.#budgets.of(exchange.who).withdraw(now)) return LOOK
      const { label } = member.engine
      const message = `${label} sent nothing for ${attemptTimeout / 1000} s; --attempt-timeout allows no more.`
      exchange.giveUp(new ApiError(504, message, { code: 'attempt_timeout' }))
      return undefined
    })
  }

  /** What to try after a failure. Throws the error where there is nothing left. */
  #next<T>(call: Call<T>, slot: Slot, error: unknown, retries: number): Step {
    const { exchange, tried } = call
    const { member } = slot
    if (exchange.outcome !== undefined) throw error
    const now = performance.now()
    const verdict = verdictOf(error)
    exchange.holds = undefined
    slot.giveUp(verdict, error, now)
    if (verdict === 'refused' || verdict === 'overflow') throw error
    tried.add(member)
    const others = this.#others(call, member).filter(({ hasRoom }) => verdict !== 'busy' || hasRoom)
    if (others.length > 0) {
      if (!this.#mayMoveOn(slot, error, retries, exchange.who)) throw error
      return { members: others, rest: 0 }
    }
    if (isLoading(error) && this.#options.retry) {
      const rest = restWhileLoading(retries, restOf(error), exchange.left(now))
      if (rest !== undefined) return { members: [member], rest, isLoading: true }
    }
    const isLast = retries > 0 || !this.#options.retry || isLoading(error)
    const rest = isLast ? undefined : restBefore(member.engine, verdict, error)
    if (rest === undefined || !this.#budgets.of(exchange.who).withdraw(now)) throw error
    return { members: [member], rest }
  }

  /** Engines that have not failed this request, and may be asked now. */
  #others<T>({ exchange, members, tried }: Call<T>, member: Member): Member[] {
    const now = performance.now()
    return members.filter(
      (other) =>
        other !== member && !tried.has(other) && other.breaker.isPassable(now, exchange.who),
    )
  }

  /** What never reached an engine, or was a probe, adds no load worth counting. */
  #mayMoveOn(slot: Slot, error: unknown, retries: number, who: string): boolean {
    const code = error instanceof ApiError ? error.code : null
    if (COSTS_NOTHING.has(code)) return true
    if (slot.pass.isProbe) return true
    return retries < MOST_RETRIES && this.#budgets.of(who).withdraw(performance.now())
  }
}

/** Servers that were found and are gone restart, or were stopped: their addresses were right. */
function asUnavailable(error: unknown, routes: Route[]): unknown {
  if (isLoading(error)) return withRetryAfter(error)
  const isGone = error instanceof ApiError && error.code === 'upstream_unreachable'
  if (!isGone || !routes.every(({ engine }) => engine.isDiscovered)) return error
  return unavailable(
    routes.map(({ engine }) => engine.label),
    error,
  )
}

/** Milliseconds before the same engine is asked once more; undefined where that would not help. */
function restBefore(engine: Engine, verdict: Verdict, error: unknown): number | undefined {
  if (!engine.isServer || !isPassing(error)) return undefined
  const rest = restOf(error)
  if (rest !== undefined) return rest <= REST.longest ? rest : undefined
  return verdict === 'broken' ? REST.first + Math.random() * REST.jitter : undefined
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return orAborted(new Promise((resolve) => setTimeout(resolve, ms)), signal)
}

function nameOf(engine: string | undefined, error: unknown): string {
  const code = error instanceof ApiError ? (error.code ?? error.status) : 'failed'
  // A code may be an upstream's own word.
  return `${engine ?? 'an engine'} ${String(code).slice(0, 60)}`
}
