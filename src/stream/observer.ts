/** What telemetry is told of an exchange while it happens. */

/** One attempt to have an answer from one engine. */
export interface EngineAttempt {
  /** The engine's label. */
  readonly engine: string
  /** The model that was asked of it, by the engine's own name. */
  readonly model: string | undefined
  /** The kind of server, where that is known: `ollama`. */
  readonly kind?: string | undefined
  /** When it began, by `performance.now()`. */
  readonly startedAt: number
  /** How it failed before its first chunk: `gpu upstream_unreachable`; undefined for the one that counts. */
  failure?: string
}

/**
 * Told what happens to one exchange, at once; times are `performance.now()`. It must neither wait nor
 * throw. Most can be read from the exchange and its timeline at any time instead.
 */
export interface ExchangeObserver {
  /** It waits for a concurrency slot. `onAttempt` tells that it has one. */
  onQueue?(now: number): void
  /** An attempt begins, before its request is sent. */
  onAttempt?(attempt: EngineAttempt): void
  /** The attempt failed before its first chunk; `attempt.failure` says how. */
  onAttemptFailed?(attempt: EngineAttempt, error: unknown): void
  /** The engine begins to answer. */
  onAnswer?(now: number): void
  /** Tokens came, `gap` milliseconds after the ones before; undefined for the first. */
  onToken?(gap: number | undefined, now: number): void
}

/** Sees the bytes of an exchange, while somebody watches or captures it. The bytes must not be kept unread. */
export interface ExchangeTap {
  /** Bytes for the client. */
  onSent?(pieces: readonly Uint8Array<ArrayBuffer>[], now: number): void
  /** Bytes of the engine. */
  onReceived?(bytes: Uint8Array<ArrayBuffer>, now: number): void
}
