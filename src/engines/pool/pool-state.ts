import type { Engine } from '../engine.ts'
import type { Balancing, Limiter } from './balancing.ts'
import type { Conversations } from './conversations.ts'
import { PoolMember } from './member.ts'
import { RetryBudgets } from './retry-budget.ts'

/** How a pool chooses engines. */
export interface PoolParts {
  balancing: Balancing
  /** Remembers which engine answered a conversation. */
  conversations?: Conversations | undefined
}

/**
 * What a pool knows of its engines: their slots, the queue, circuit breakers and retry budgets. It is
 * kept when the settings are reloaded: an engine has no more capacity because its settings were read
 * again. Requests that run or wait keep their slots and places, and the pool that they came to.
 */
export class PoolState {
  readonly limiter: Limiter
  readonly budgets = new RetryBudgets()
  /** Undefined where conversations stay at no engine. */
  readonly conversations: Conversations | undefined
  /** By `identityOf`. */
  #members = new Map<string, PoolMember>()
  /** Those of engines without an address, for as long as the engine is there: of tabs, which come and go. */
  readonly #unaddressed = new WeakMap<Engine, PoolMember>()
  readonly #newMember: (engine: Engine) => PoolMember
  /** The pool with the settings in force. */
  #current: object | undefined

  /** `isolated`: whether no request may wake another (workerd). */
  constructor(isolated: boolean, { balancing, conversations }: PoolParts) {
    this.conversations = conversations
    this.limiter = balancing.limiter(isolated)
    this.#newMember = (engine) => new PoolMember(engine, balancing.breaker())
  }

  /** The state of an engine that `takeOver` was not given: one that discovery found. */
  memberOf(engine: Engine, pool: object): PoolMember {
    if (engine.address === undefined) return this.#unaddressedOf(engine)
    const identity = identityOf(engine)
    const former = this.#members.get(identity)
    const member = former ?? this.#newMember(engine)
    if (former === undefined) this.#members.set(identity, member)
    else if (pool === this.#current) former.engine = engine
    return member
  }

  #unaddressedOf(engine: Engine): PoolMember {
    const known = this.#unaddressed.get(engine)
    if (known !== undefined) return known
    const member = this.#newMember(engine)
    this.#unaddressed.set(engine, member)
    // The request that holds its slot may end much later: its client reads as slowly as it likes.
    engine.onGone?.(() => this.limiter.assignFreeSlots(member, performance.now()))
    return member
  }

  /**
   * Puts the settings of a pool in force. Returns the state of each of its engines: that of the same
   * engine before, where there was one.
   */
  takeOver(pool: object, engines: readonly Engine[], maxQueued: number): PoolMember[] {
    this.#current = pool
    this.limiter.maxQueued = maxQueued
    const identities = new Set(engines.map(identityOf))
    const members = engines.map((engine) => this.#adopt(engine, identities))
    this.#forgetIdle(new Set(members))
    // A limit may be higher than before.
    for (const member of members) this.limiter.assignFreeSlots(member, performance.now())
    return members
  }

  #adopt(engine: Engine, identities: ReadonlySet<string>): PoolMember {
    const identity = identityOf(engine)
    const [key, former] = this.#formerOf(engine, identity, identities)
    if (key !== undefined) this.#members.delete(key)
    const member = former ?? this.#newMember(engine)
    member.engine = engine
    this.#members.set(identity, member)
    return member
  }

  /**
   * By address and label; or by the address alone, since a label that is not given depends on the
   * place among the other upstreams.
   */
  #formerOf(
    { address }: Engine,
    identity: string,
    identities: ReadonlySet<string>,
  ): [string, PoolMember] | [] {
    const same = this.#members.get(identity)
    if (same !== undefined) return [identity, same]
    for (const [key, member] of this.#members) {
      const isSameServer = address !== undefined && member.engine.address === address
      if (isSameServer && !identities.has(key)) return [key, member]
    }
    return []
  }

  /** One that still answers requests is remembered: its settings may come back. */
  #forgetIdle(current: ReadonlySet<PoolMember>): void {
    for (const [key, member] of this.#members) {
      const isNeeded = member.running > 0 || member.engine.isDiscovered
      if (!isNeeded && !current.has(member)) this.#members.delete(key)
    }
  }
}

/** No two engines of one pool have the same label. */
function identityOf({ address = '', label }: Engine): string {
  return `${label} ${address}`
}
