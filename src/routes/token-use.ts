/** What a request probably uses, and what it is charged in the end. */
import { blameOf, failureKind } from '../engines/pool/failure-kind.ts'
import type { Catalog } from '../engines/registry/catalog.ts'
import { modelWithId } from '../engines/registry/model-index.ts'
import type { Permit } from '../guard/permit.ts'
import {
  BYTES_PER_TOKEN,
  type PromptSize,
  type PromptSource,
  promptSize,
  promptSizeInSteps,
} from '../guard/prompt-size.ts'
import type { ExpectedUse, TokenUse } from '../guard/reservation.ts'
import type { Exchange } from '../stream/exchange.ts'
import { inSlices, takeTurns, turn } from '../util/slices.ts'
import { answerLength } from '../wire/answer-length.ts'
import { answerLimit } from '../wire/models/answer-limit.ts'
import { isTokenCount, plausibleUse, type Use } from '../wire/usage.ts'

/** What counts against a caller's limit on tokens. */
export interface RequestedUse extends PromptSource {
  /** The number of answers, to all prompts together; 1 by default, 0 if nothing is generated. */
  answers?: number | undefined
  /**
   * Of a request that is forwarded, whose answer is no text or is not read: the tokens that it is charged
   * where the server counts none.
   */
  estimate?: (() => number) | undefined
}

/**
 * The most tokens of an answer: so many for an answer that came at once, as thinking may stay hidden and a
 * gateway may keep answers; so many for each second that it took, which is more than any engine generates;
 * and so many for each that was seen.
 */
const ANSWER_MOST = { least: 32_768, perSecond: 10_000, perSeen: 4 }

/** The tokens that an engine generates in a second, while none of them is seen. */
const UNSEEN_PER_SECOND = 100

/** Milliseconds that a prompt is measured for in one turn of the event loop. */
const SLICE_MS = 2

/** The names of the field that limits an answer, in all APIs. */
const LIMITS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']

/** The use of one request, estimated when it is first needed: only for a caller with a limit. */
export class ExchangeUse implements ExpectedUse {
  readonly answers: number
  /** Undefined once its sizes are all that is kept of it. */
  #requested: RequestedUse | undefined
  readonly #model: string | null | undefined
  readonly #catalog: KnownModels
  readonly #startedAt = performance.now()
  /** Whether the size is an estimate of what is neither text nor read. */
  readonly #isEstimated: boolean
  /** Whether the answer repeats the prompt, so that its length says nothing. */
  readonly #echoes: boolean
  readonly #isLarge: boolean
  #size: PromptSize | undefined
  #askedMost: number | undefined
  #prompt: number | undefined

  /** `isLarge`: whether its prompt may have megabytes. */
  constructor(
    requested: RequestedUse,
    model: string | null | undefined,
    catalog: KnownModels,
    isLarge = false,
  ) {
    this.#requested = requested
    this.#model = model
    this.#catalog = catalog
    this.#isLarge = isLarge
    this.answers = requested.answers ?? 1
    this.#isEstimated = requested.estimate !== undefined
    this.#echoes = fieldsOf(requested.body).echo === true
  }

  get size(): PromptSize {
    const { estimate, ...source } = this.#requested ?? {}
    this.#size ??= estimate ? sizeOf(estimate()) : promptSize(source)
    return this.#size
  }

  measure(): Promise<void> | undefined {
    if (!this.#isLarge || !this.#requested || this.#isEstimated) return undefined
    const steps = promptSizeInSteps(this.#requested)
    return inSlices(steps, () => takeTurns(turn), SLICE_MS).then((size) => {
      this.#size = size
    })
  }

  get isSized(): boolean {
    return this.#size !== undefined
  }

  /** Keeps the sizes of the request, and nothing else of it: its answer may take hours. */
  forgetRequest(): void {
    if (this.#requested === undefined) return
    this.#size = this.size
    this.#askedMost = askedMost(this.#requested.body)
    this.#requested = undefined
  }

  answerMost(): number {
    const asked = this.#askedMost ?? askedMost(this.#requested?.body)
    return Math.min(asked, modelMost(this.#catalog, this.#model))
  }

  /** What the prompt is taken for. */
  get #promptUse(): number {
    return this.#prompt ?? this.size.tokens
  }

  /** `bucket`: the tokens of a limit, which no estimate of images and files exceeds. */
  promptTokens(bucket: number): number {
    const { tokens, media } = this.size
    this.#prompt = tokens - media + Math.min(media, bucket)
    return this.#prompt
  }

  /** What a running exchange has used: the prompt, and what came of the answer. */
  soFar(exchange: Exchange): TokenUse {
    const answer = this.#seen(exchange)
    return { total: this.#promptUse + answer, answer, isWhole: false }
  }

  /** Each delta is taken for a token, and a long one for several. */
  #seen({ tokens, textLength }: Exchange): number {
    if (this.#isEstimated) return 0
    const long = Math.ceil(textLength / BYTES_PER_TOKEN)
    return Math.max(tokens, this.#echoes ? long - this.size.tokens : long)
  }

  /**
   * What an exchange that has ended used: the engine's count as far as that is plausible, else the
   * estimate. Undefined where no engine worked on it.
   */
  ofEnded(exchange: Exchange, reserved: number): TokenUse | undefined {
    if (!wasAsked(exchange)) return undefined
    const isWhole = exchange.outcome?.kind === 'finished'
    const counted = this.#counted(exchange)
    if (counted !== undefined) return { ...counted, isWhole }
    const { total, answer } = this.#estimate(exchange)
    const isUnseen = answer === 0 && wasGivenUp(exchange)
    return { total: isUnseen ? this.#unseen(exchange, reserved) : total, answer, isWhole }
  }

  /**
   * The same for a caller without a limit on tokens, which is only counted: the engine's count is taken
   * as it is.
   */
  ofUnlimited(exchange: Exchange): TokenUse | undefined {
    if (!wasAsked(exchange)) return undefined
    const { prompt_tokens: prompt, completion_tokens: answer } = exchange.usage ?? {}
    const isWhole = exchange.outcome?.kind === 'finished'
    if (!isTokenCount(prompt)) return { ...this.#estimate(exchange), isWhole }
    const own = isTokenCount(answer) ? answer : 0
    return { total: prompt + own, answer: own, isWhole }
  }

  #estimate(exchange: Exchange): Use {
    const answer = Math.max(this.#seen(exchange), this.#wholeAnswer(exchange))
    return { total: this.#promptUse + answer, answer }
  }

  /**
   * The use of an answer that was given up before any of it was seen: what was reserved. A stream is
   * charged by the time that the engine had for it, since editors leave streams before the first token all
   * the time.
   */
  #unseen({ isStream, timeline }: Exchange, reserved: number): number {
    const attemptedAt = timeline.attempts[0]?.startedAt ?? this.#startedAt
    const prompt = this.#promptUse
    const most = Math.max(prompt, reserved)
    if (!isStream) return most
    const seconds = (performance.now() - attemptedAt) / 1_000
    const answers = Math.max(1, this.answers)
    return Math.min(most, prompt + Math.ceil(seconds * UNSEEN_PER_SECOND) * answers)
  }

  /** An estimate of the tokens of an answer that was not streamed. */
  #wholeAnswer({ wholeAnswer }: Exchange): number {
    if (this.answers === 0 || wholeAnswer === undefined) return 0
    const tokens = Math.ceil(answerLength(wholeAnswer) / BYTES_PER_TOKEN)
    return this.#echoes ? Math.max(0, tokens - this.size.tokens) : tokens
  }

  /**
   * The most that can have been generated, all of which need not have come: thinking may stay hidden.
   * `max_tokens` is no bound, as not all servers heed it.
   */
  #answerMost(exchange: Exchange): number {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const { least, perSecond, perSeen } = ANSWER_MOST
    const seen = Math.max(this.#seen(exchange), exchange.wholeAnswer?.length ?? 0)
    const isCounted = this.answers === 0 && this.#isEstimated
    const answers = isCounted ? 1 : this.answers
    return answers === 0 ? 0 : answers * (least + perSecond * seconds) + perSeen * seen
  }

  /** By the engine's count; undefined where it sent none. */
  #counted(exchange: Exchange): Use | undefined {
    const { usage } = exchange
    if (usage === undefined) return undefined
    const bounds = {
      promptMost: this.size.most,
      hasPrompt: this.size.tokens > 0,
      answerMost: this.#answerMost(exchange),
      answerLeast: this.#echoes ? 0 : leastOf(exchange, this.answers, usage.completion_tokens),
    }
    const { isPlausible, ...used } = plausibleUse(usage, bounds, () => this.#estimate(exchange))
    if (!isPlausible) exchange.doubtUsage()
    return used
  }
}

/** Upper limit for a reported count: what the text can hold, plus what a gateway may add. */
function sizeOf(tokens: number): PromptSize {
  return { tokens, media: 0, most: tokens * MOST_BEYOND.factor + MOST_BEYOND.added }
}

const MOST_BEYOND = { factor: 64, added: 131_072 }

type KnownModels = Pick<Catalog, 'known'>

/** Charges a permit while an exchange runs; undefined where its caller has no limit on tokens. */
export function chargeProgress({ meter }: Permit, use: ExchangeUse) {
  if (meter === undefined) return undefined
  return (exchange: Exchange) => meter.advance(use.soFar(exchange))
}

/** Charges a permit for an exchange that has ended. */
export function chargeEnd(permit: Permit, use: ExchangeUse, exchange: Exchange): void {
  const { meter } = permit
  let used: TokenUse | undefined
  try {
    used = meter ? use.ofEnded(exchange, meter.reserved) : use.ofUnlimited(exchange)
  } finally {
    // Whatever is broken in an answer, its slot is free.
    permit.end(used)
  }
}

/** The longest answer that a request allows; the larger one if it has two limits. */
function askedMost(body: object | undefined): number {
  const fields = fieldsOf(body)
  const limits = LIMITS.map((name) => fields[name]).filter(isTokenCount)
  // Local servers read 0 and -1 as "no limit".
  const asked = limits.filter((limit) => limit > 0)
  return asked.length > 0 ? Math.max(...asked) : Number.POSITIVE_INFINITY
}

function fieldsOf(body: object | undefined): Record<string, unknown> {
  return (body ?? {}) as Record<string, unknown>
}

/** The longest answer of a model, as far as an engine lists it. */
function modelMost({ known }: KnownModels, name: string | null | undefined): number {
  if (!name) return Number.POSITIVE_INFINITY
  const all = known.map(({ models }) => modelWithId(models, name))
  const limits = all
    .filter((model) => model !== undefined)
    .map((model) => answerLimit(model) ?? Number.POSITIVE_INFINITY)
  return limits.length > 0 ? Math.max(...limits) : Number.POSITIVE_INFINITY
}

/**
 * Whether an engine worked on it. What never reached one, or was refused before any work, costs nothing;
 * what an engine failed at does, as another caller's prompt could not be read meanwhile. Further attempts
 * cost nothing more: which engine fails is not the caller's choice.
 */
function wasAsked({ timeline, tokens, outcome }: Exchange): boolean {
  if (timeline.attempts.length === 0) return false
  if (outcome?.kind !== 'failed' || tokens > 0) return true
  const { error } = outcome
  const isUnreached = /_unreachable$/.test(error.code ?? '') && error.evidence === undefined
  if (isUnreached || blameOf(error) === 'nobody') return false
  return failureKind(error) === 'broken'
}

/** Whether it was given up, by the client or a deadline: how much was generated is unknown. */
function wasGivenUp({ outcome }: Exchange): boolean {
  if (outcome === undefined) return false
  if (outcome.kind === 'failed') return /_timeout$/.test(outcome.error.code ?? '')
  return outcome.kind === 'cancelled'
}

/** No token has more bytes, and a server does not send a token in more pieces. */
const LARGEST_TOKEN = { bytes: 128, deltas: 16 }

/** The fewest tokens that an answer can have: at least one if it has any text. */
function leastOf(exchange: Exchange, answers: number, counted: unknown): number {
  const { tokens: deltas, textLength, wholeAnswer } = exchange
  if (answers === 0) return 0
  if (wholeAnswer === undefined) {
    const byLength = Math.ceil(textLength / LARGEST_TOKEN.bytes)
    return Math.max(byLength, Math.floor(deltas / LARGEST_TOKEN.deltas))
  }
  // Parsed again only where the count is small for the length of the whole JSON.
  const isLarge = isTokenCount(counted) && counted * LARGEST_TOKEN.bytes >= wholeAnswer.length
  return isLarge ? 0 : Math.ceil(answerLength(wholeAnswer) / LARGEST_TOKEN.bytes)
}
