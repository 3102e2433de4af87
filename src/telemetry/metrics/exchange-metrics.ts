import type { Exchange } from '../../stream/exchange.ts'
import type { EngineAttempt, ExchangeObserver } from '../../stream/observer.ts'
import type { Timeline } from '../../stream/timeline.ts'
import type { ObservedRequest } from '../request-observer.ts'
import type { KnownLabels } from './known-labels.ts'
import type { Histogram, Registry } from './registry.ts'

/** The labels of a request that has ended, and when it did. */
interface Ended {
  api: string
  model: string
  engine: string
  key: string
  /** Whether the client got a stream. */
  isStream: boolean
  now: number
}

/** Measures one exchange: what happens to it while it happens, the rest when it has ended. */
export class ExchangeMetrics implements ExchangeObserver {
  readonly #registry: Registry
  readonly #labels: KnownLabels
  readonly #startedAt: number
  readonly #timeline: Timeline
  /** Milliseconds in the queue that were measured already. */
  #queued = 0
  /** Where the pauses of the current attempt are counted. */
  #gaps: Histogram | undefined
  #hasFirstToken = false

  constructor(
    registry: Registry,
    labels: KnownLabels,
    { startedAt }: Pick<ObservedRequest, 'startedAt'>,
    timeline: Timeline,
  ) {
    this.#registry = registry
    this.#labels = labels
    this.#startedAt = startedAt
    this.#timeline = timeline
  }

  onAttempt({ engine, startedAt }: EngineAttempt): void {
    this.#gaps = undefined
    this.#measureQueue(engine, startedAt)
    const before = this.#timeline.attempts.at(-2)
    if (before !== undefined && before.engine !== engine) {
      this.#registry.count('sluice_failovers_total', [before.engine, engine])
    }
  }

  onAttemptFailed({ engine }: EngineAttempt, error: unknown): void {
    this.#registry.count('sluice_attempts_total', [engine, this.#labels.code(error)])
  }

  /** Nothing is done before the first token is sent: it is measured with the next one, or at the end. */
  onToken(gap: number | undefined): void {
    if (gap === undefined) return
    this.#gaps ??= this.#measureFirstToken()
    this.#gaps.observe(gap / 1000)
  }

  onEngineStopped(afterMs: number): void {
    const { engine = '' } = this.#timeline
    this.#registry.histogram('sluice_engine_stop_seconds', [engine]).observe(afterMs / 1000)
  }

  /**
   * Returns where the pauses of this attempt are counted. An answer that is begun anew after a failure has
   * its first token once only.
   */
  #measureFirstToken(): Histogram {
    const { model, engine = '', firstTokenAt } = this.#timeline
    const values = [this.#labels.model(model), engine]
    const gaps = this.#registry.histogram('sluice_token_gap_seconds', values)
    if (this.#hasFirstToken) return gaps
    this.#hasFirstToken = true
    this.#registry
      .histogram('sluice_time_to_first_token_seconds', values)
      .observe((firstTokenAt - this.#startedAt) / 1000)
    return gaps
  }

  /** What it waited since it was measured last. */
  #measureQueue(engine: string, now: number): void {
    const queued = this.#timeline.queuedMs(now)
    const seconds = (queued - this.#queued) / 1000
    this.#registry.histogram('sluice_queue_wait_seconds', [engine]).observe(seconds)
    this.#queued = queued
  }

  /** Called once. */
  end(exchange: Exchange, { api, model, engine, key, isStream, now }: Ended): void {
    const registry = this.#registry
    const { timeline, usage } = exchange
    this.#endAttempt(exchange)
    if (timeline.firstTokenAt > 0) this.#measureFirstToken()
    // One that left the queue without a slot.
    if (timeline.queuedMs(now) > this.#queued) this.#measureQueue('', now)
    const { prompt_tokens: input = 0, completion_tokens: output = 0 } = usage ?? {}
    if (input > 0) registry.count('sluice_tokens_total', ['input', model, engine, key], input)
    if (output > 0) registry.count('sluice_tokens_total', ['output', model, engine, key], output)
    if (timeline.stalls > 0) {
      registry.count('sluice_stalls_total', [model, engine], timeline.stalls)
    }
    if (timeline.heartbeats > 0) {
      registry.count('sluice_heartbeats_total', [api], timeline.heartbeats)
    }
    for (const kind of exchange.repaired) registry.count('sluice_repairs_total', [engine, kind])
    if (!isStream) return
    registry
      .histogram('sluice_client_blocked_seconds', [api])
      .observe(timeline.blockedMs(now) / 1000)
  }

  /** Counts the last attempt, unless it has failed and none followed. */
  #endAttempt({ outcome }: Exchange): void {
    const attempt = this.#timeline.attempts.at(-1)
    if (attempt === undefined || attempt.failure !== undefined || outcome === undefined) return
    const result = outcome.kind === 'failed' ? this.#labels.code(outcome.error) : outcome.kind
    this.#registry.count('sluice_attempts_total', [attempt.engine, result])
  }
}
