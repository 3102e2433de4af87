/**
 * What instances share of the limits of keys: one decision for requests, tokens and concurrency, taken
 * where the counts are. The default is memory (`memory-limits.ts`); other stores pass the same tests.
 */

/** The limits of one key. What is left out has no limit. Days and months are those of UTC. */
export interface LimitsOfKey {
  requestsPerMinute?: number | undefined
  tokensPerMinute?: number | undefined
  maxConcurrency?: number | undefined
  requestsPerDay?: number | undefined
  tokensPerDay?: number | undefined
  requestsPerMonth?: number | undefined
  tokensPerMonth?: number | undefined
}

/** The concurrency slots of a key: as many again are for responses in the background. */
export type SlotKind = 'running' | 'background'

/** What a request asks for. Either all of it is taken, or nothing is. */
export interface Claim {
  /** The name of the key; empty where there are no keys. */
  key: string
  limits: LimitsOfKey
  /** 1 for a request that is counted now, 0 for one that was counted before, or to look only. */
  requests: 0 | 1
  /**
   * Tokens to reserve: the prompt, and an estimate of the answer. A claim to 0 is never refused for tokens,
   * not even where the key is in debt. One that is larger than a limit is admitted where all of that limit is
   * left, and leaves a debt.
   */
  tokens: number
  /** Of these, the tokens of an answer that has ended: only of a claim without a permit. */
  answerTokens?: number | undefined
  /**
   * What is held until it is settled, or until its lease ends. Left out, nothing is held, and the reserved
   * tokens count as used.
   */
  permit?: { id: string; slot: SlotKind } | undefined
}

/** The limit for which a request was refused. */
export type LimitName =
  | 'requests'
  | 'tokens'
  | 'concurrency'
  | 'background'
  | 'requestsPerDay'
  | 'tokensPerDay'
  | 'requestsPerMonth'
  | 'tokensPerMonth'

/** What is left of one bucket, which refills all the time. */
export interface LimitLevel {
  limit: number
  /** Whole requests or tokens; never below 0. */
  remaining: number
  /** Milliseconds until it is full again. */
  fullInMs: number
}

/** What was used in one day or month (UTC). */
export interface UsedInPeriod {
  /** `2026-11-26`, or `2026-11`. */
  period: string
  requests: number
  /** Of prompts and answers together, those that are reserved included. */
  tokens: number
  /** Of answers alone. */
  answerTokens: number
  /** Milliseconds until the next one begins. */
  endsInMs: number
}

/** The state of a key's limits: of those it has by minute, and what it used by day and month. */
export interface Levels {
  requests?: LimitLevel
  tokens?: LimitLevel
  /** Slots in use, in all instances; left out where the key has no limit on concurrency. */
  running?: number
  background?: number
  day: UsedInPeriod
  month: UsedInPeriod
  /**
   * From when on it was counted, in milliseconds since 1970, where counts end with the process; left out
   * where they are durable.
   */
  since?: number
}

/** The decision on a claim. */
export interface Admission {
  /** The limit that refused the claim; of several, the one that lasts longest. */
  refusedBy?: LimitName
  /** Milliseconds until the same claim could be admitted; 0 where it was. */
  availableInMs: number
  levels: Levels
  /** What it was decided by where the store was away: this instance's share of the limits, or no limits. */
  policy?: 'local' | 'open'
}

/** What a request has used so far. */
export interface UseSoFar {
  tokens: number
  /** Those of its answer. */
  answerTokens: number
}

/**
 * Where limits are counted. All numbers are finite and not negative. A call that fails rejects (or throws);
 * whoever calls decides what that means. Each may be sent twice without counting twice, except an `admit`
 * without a permit.
 */
export interface Limits {
  /**
   * Whether this process alone counts, and calls return at once: then permits need no renewal, as they end
   * with what holds them.
   */
  readonly isLocal?: boolean
  /**
   * Decides on a claim, in one step. A permit's lease is 30 seconds. Where a permit of this id is held
   * already, nothing more is taken.
   */
  admit(claim: Claim): Admission | Promise<Admission>
  /** Extends the leases of what this instance holds; a permit that the store has lost is there again. */
  renew(permits: readonly HeldPermit[]): void | Promise<void>
  /**
   * A request has used so many tokens in all: what lies above what was taken for it is taken, also into
   * debt. Ignored where the permit is not there any more; it takes nothing where more was taken, but extends
   * the lease.
   */
  advance(permit: HeldPermit, used: UseSoFar): void | Promise<void>
  /**
   * A request has ended: its slot is free, and what it did not use is given back, to a day and month only
   * where it was taken from these. Only the first counts. `used` is undefined where no engine worked on it.
   */
  settle(permit: HeldPermit, used: UseSoFar | undefined): void | Promise<void>
  /** What is left, and what was used; nothing is taken. */
  levels(key: string, limits: LimitsOfKey): Levels | Promise<Levels>
}

/** A permit that was admitted, with what the store needs to restore and to settle it. */
export interface HeldPermit {
  id: string
  key: string
  slot: SlotKind
  limits: LimitsOfKey
  /** What was reserved for it. */
  tokens: number
}

/** Milliseconds for which a permit holds its slot without being renewed. */
export const PERMIT_LEASE = 30_000
/** Milliseconds between two renewals. */
export const PERMIT_RENEWAL = 10_000
