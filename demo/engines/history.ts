/**
 * First-token times and rates of the models, from requests that have ended. They are kept as long as the
 * page is open, and bounded.
 */
import type { Activity } from '../../src/wire/activity/schema.ts'

/** What one request has shown of its engine. */
export interface Measurement {
  /** The request's id. */
  id: string
  /** When it ended, in milliseconds since 1970. */
  at: number
  /** Without the time in the queue; undefined where it was not the first engine that was asked. */
  firstTokenMs?: number
  /** Tokens a second after the first. */
  rate?: number
}

/** Of each model at each engine. */
const MAX_MEASUREMENTS = 200

/** Models at engines. */
const MAX_SERIES = 200

/** So few tokens show no rate. */
const MIN_TOKENS = 4

/** A client that was not reading for more than this part of the answer slowed its engine. */
const MAX_BLOCKED = 0.1

export class History {
  /** The series to which something was added last is last. */
  readonly #series = new Map<string, Measurement[]>()
  /** Ids of the requests in it, since the feed repeats them when it connects again. */
  readonly #ids = new Set<string>()

  /** Adds a request that has ended; returns whether it has shown anything. */
  add(request: Activity): boolean {
    const { id, engine, model } = request
    if (engine === undefined || model === undefined || this.#ids.has(id)) return false
    const measurement = measured(request)
    if (measurement === undefined) return false
    const key = keyOf(engine, model)
    const series = this.#series.get(key) ?? []
    series.push(measurement)
    // A snapshot has the newest first.
    series.sort((a, b) => a.at - b.at)
    this.#ids.add(id)
    this.#forget(series.splice(0, series.length - MAX_MEASUREMENTS))
    this.#series.delete(key)
    this.#series.set(key, series)
    if (this.#series.size > MAX_SERIES) this.#forgetOldest()
    return true
  }

  /** The measurements of a model at an engine, oldest first; the array is not to be changed. */
  of(engine: string, model: string): readonly Measurement[] {
    return this.#series.get(keyOf(engine, model)) ?? []
  }

  /** The models of an engine of which there are measurements. */
  modelsOf(engine: string): string[] {
    return [...this.#series.keys()].flatMap((key) => {
      const [of, model] = JSON.parse(key) as [string, string]
      return of === engine ? model : []
    })
  }

  #forgetOldest(): void {
    const [oldest] = this.#series
    if (oldest === undefined) return
    this.#series.delete(oldest[0])
    this.#forget(oldest[1])
  }

  #forget(measurements: readonly Measurement[]): void {
    for (const { id } of measurements) this.#ids.delete(id)
  }
}

function keyOf(engine: string, model: string): string {
  return JSON.stringify([engine, model])
}

/** Undefined where no token came, or nothing can be said of the engine. */
function measured(request: Activity): Measurement | undefined {
  const { id, arrived, durationMs, firstTokenMs, attempts = 1, queuedMs = 0 } = request
  if (request.state !== 'ended' || firstTokenMs === undefined) return undefined
  const rate = rateOf(request, durationMs - firstTokenMs)
  // The time in the queue is not the engine's, nor is that of other attempts.
  const first = attempts === 1 ? Math.max(0, firstTokenMs - queuedMs) : undefined
  if (first === undefined && rate === undefined) return undefined
  return {
    id,
    at: arrived + durationMs,
    ...(first !== undefined && { firstTokenMs: first }),
    ...(rate !== undefined && { rate }),
  }
}

/** Tokens a second from the first one on; undefined where the client or the length hides it. */
function rateOf({ streamed, tokens, blockedMs = 0 }: Activity, ms: number): number | undefined {
  if (!streamed || tokens < MIN_TOKENS || ms <= 0 || blockedMs > ms * MAX_BLOCKED) return undefined
  return ((tokens - 1) / ms) * 1_000
}

/** The medians of a model's measurements. */
export function summaryOf(model: string, all: readonly Measurement[]) {
  const firstTokenMs = median(all.flatMap((each) => each.firstTokenMs ?? []))
  const rate = median(all.flatMap((each) => each.rate ?? []))
  return {
    model,
    requests: all.length,
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(rate !== undefined && { rate }),
  }
}

/** The middle value; undefined where there is none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
