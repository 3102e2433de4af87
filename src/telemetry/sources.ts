/** What telemetry reads of the rest of sluice at the moment when it is asked, and so need not count itself. */

import type { EngineActivity } from '../wire/activity/schema.ts'
import type { SpanTracer } from './traces/tracer.ts'

/** One engine now. */
export interface EngineView {
  label: string
  /** The kind of server, where that is known: `ollama`. */
  kind?: string
  /** As `GET /health` has it. */
  state: EngineActivity['state']
  breaker: EngineActivity['breaker']
  /** Requests in progress, and the most of them; no limit where it is left out. */
  running: number
  maxConcurrency?: number
  /** The names of the models that it serves, and of those that it has loaded, where it says so. */
  models: readonly string[]
  loaded: readonly string[]
  /** Why its latest listing of models failed. */
  error?: string
  /** The process of a server that sluice starts itself. */
  process?: NonNullable<EngineActivity['process']>
}

export interface Sources {
  /** Whether no request may be woken by another's timer or promise (workerd). */
  isolates: boolean
  /** What records spans, where the program gave it. */
  tracer: SpanTracer | undefined
  /** The engines, in the order in which they are preferred; the built-in one is last. */
  engines(): EngineView[]
  /**
   * Has the engines list their models again where they have not for a while, in the background: called
   * while somebody watches them, as without requests nothing else would notice that one is down or back.
   */
  refresh(): void
  /** Requests that wait for a concurrency slot, and the most of them for one engine. */
  queue(): { waiting: number; limit: number }
  /** By its exchange, the place in the queue of each request that waits there; 1 is the next one. */
  places(): ReadonlyMap<object, number>
  /** Exchanges that run. */
  running(): number
  /** Responses that are stored; undefined where the store does not tell. */
  stored(): number | undefined
  /** The store that instances share; undefined where they share none. */
  state(): { status: 'connected' | 'away'; instances: number } | undefined
  /** Streams that can be resumed and are produced here. */
  streams(): number
  /** Browser tabs that are joined, by what they do. */
  tabs(): Readonly<Record<string, number>>
  /** Whether the name is one of a model that is served now: others are no label. */
  isServed(model: string): boolean
}
