/** How many tokens are reserved for a request before it is answered. */
import type { LimitsOfKey } from '../state/limits.ts'
import type { AnswerLengths } from './answer-lengths.ts'

/** What a request will probably use. */
export interface ExpectedUse {
  /**
   * An estimate of its prompt's tokens. Called only for a caller with a limit on tokens; `bucket`: those
   * of its smallest limit.
   */
  promptTokens(bucket: number): number
  /** Called before: makes the estimate of a prompt of megabytes in steps, between which other work runs. */
  measure?(): Promise<void> | undefined
  /** The number of answers; 0 if nothing is generated. */
  answers: number
  /** The most tokens of each answer; Infinity if there is no limit. */
  answerMost(): number
}

/** What a request used. */
export interface TokenUse {
  /** All of its tokens. */
  total: number
  /** Those of its answers. */
  answer: number
  /** Whether the answers ended by themselves, so that a short one says something of the next. */
  isWhole: boolean
}

/**
 * The largest part of the tokens of a limit that is reserved for answers: clients ask for far more than
 * they get, and one request must not keep all others out.
 */
const ANSWER_SHARE = 1 / 4

/**
 * The least part that is reserved for an answer that may be longer: callers whose answers were short could
 * otherwise begin any number of long ones at once. A large limit is not split into 64 parts: who may use
 * millions of tokens a minute may well have hundreds of short answers at once.
 */
const LEAST = { share: 1 / 64, tokens: 512 }

/**
 * What is taken for an answer before a caller has had any: most are shorter, and a quarter of a minute's
 * tokens for each would refuse the fifth request of those that begin at once.
 */
const FIRST_GUESS = 4_096

/** The smallest limit on tokens; undefined where there is none. */
export function tokenLimit(limits: LimitsOfKey): number | undefined {
  const { tokensPerMinute: minute, tokensPerDay: day, tokensPerMonth: month } = limits
  if (day === undefined && month === undefined) return minute
  return Math.min(minute ?? Infinity, day ?? Infinity, month ?? Infinity)
}

/** The estimates for one caller with a limit on tokens. */
export class Reservation {
  readonly #name: string
  readonly #limit: number
  readonly #lengths: AnswerLengths

  constructor(name: string, limit: number, lengths: AnswerLengths) {
    this.#name = name
    this.#limit = limit
    this.#lengths = lengths
  }

  /**
   * The estimate for the prompt, and for each answer the least of what was asked for, what the model can
   * write, and what this caller's answers had lately; at most a quarter of the limit in all.
   */
  tokens(expected: ExpectedUse): number {
    const { answers } = expected
    const limit = this.#limit
    const least = Math.min(LEAST.tokens, Math.floor(limit * LEAST.share))
    const recent = Math.max(this.#recentAnswer, least)
    const each = answers > 0 ? Math.ceil(Math.min(expected.answerMost(), recent)) : 0
    const share = Math.min(each * Math.max(1, answers), Math.floor(limit * ANSWER_SHARE))
    const tokens = expected.promptTokens(limit) + share
    return Number.isFinite(tokens) && tokens >= 0 ? tokens : limit
  }

  /** Learns from what a request used how long the caller's answers are. */
  learn(expected: ExpectedUse, { answer, isWhole }: TokenUse): void {
    const { answers } = expected
    if (answers === 0 || !Number.isFinite(answer)) return
    const usual = Math.min(this.#recentAnswer, this.#limit * ANSWER_SHARE)
    this.#lengths.add(this.#name, answer / answers, !isWhole || expected.answerMost() <= usual)
  }

  /** Tokens of one of this caller's answers lately; a guess before the first. */
  get #recentAnswer(): number {
    return this.#lengths.recent(this.#name) ?? FIRST_GUESS
  }
}
