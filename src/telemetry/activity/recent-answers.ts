import type { Exchange } from '../../stream/exchange.ts'
import type { EngineActivity } from '../../wire/activity/schema.ts'

/** The answers of one model that count, and the most models of an engine: clients may name any. */
const ANSWERS = 20
const MODELS = 64
const ENGINES = 256

/** A rate is measured over at least so many tokens and milliseconds. */
const LEAST = { tokens: 5, ms: 50 }

interface Samples {
  /** Milliseconds from the beginning of the attempt to its first token. */
  first: number[]
  /** Tokens per second, without the time for which the client did not read. */
  rates: number[]
}

/** How fast each engine answered lately, by model. */
export class RecentSpeeds {
  readonly #engines = new Map<string, Map<string, Samples>>()

  add(exchange: Exchange): void {
    const { timeline, tokens, usage } = exchange
    const attempt = timeline.attempts.at(-1)
    if (attempt === undefined || timeline.firstTokenAt === 0) return
    const { first, rates } = this.#samplesOf(attempt.engine, attempt.model ?? '')
    keep(first, timeline.firstTokenAt - attempt.startedAt)
    const took = timeline.tokensMs
    const count = (usage?.completion_tokens ?? tokens) - 1
    if (count >= LEAST.tokens && took >= LEAST.ms) keep(rates, (count * 1_000) / took)
  }

  of(engine: string): EngineActivity['recent'] {
    return [...(this.#engines.get(engine) ?? [])].map(([model, { first, rates }]) => ({
      model,
      requests: first.length,
      firstTokenMs: Math.round(median(first)),
      ...(rates.length > 0 && { rate: Math.round(median(rates) * 10) / 10 }),
    }))
  }

  #samplesOf(engine: string, model: string): Samples {
    const models = renewed(this.#engines, engine, ENGINES, () => new Map<string, Samples>())
    return renewed(models, model, MODELS, () => ({ first: [], rates: [] }))
  }
}

/** The entry of a map, made where there is none; beyond `most` the one that was asked for longest ago goes. */
function renewed<T>(map: Map<string, T>, key: string, most: number, make: () => T): T {
  const known = map.get(key)
  // Most have one engine with one model: there is no order to keep.
  if (known !== undefined && map.size === 1) return known
  const value = known ?? make()
  map.delete(key)
  map.set(key, value)
  if (map.size > most) {
    const [oldest] = map.keys()
    if (oldest !== undefined) map.delete(oldest)
  }
  return value
}

function keep(values: number[], value: number): void {
  values.push(value)
  if (values.length > ANSWERS) values.shift()
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
