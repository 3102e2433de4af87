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
  /** When it failed, by `performance.now()`. */
  failedAt?: number
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
  /**
   * The engine has stopped, `afterMs` milliseconds after the client left: its connection is closed, or its
   * work has ended. Called after the exchange has ended, and only where the engine tells it.
   */
  onEngineStopped?(afterMs: number): void
}

/**
 * Sees the bytes of an exchange, while somebody watches or captures it. It must neither wait nor throw, and
 * must copy what it keeps: the memory of the bytes is used again.
 */
export interface ExchangeTap {
  /** Bytes for the client: those of a stream as they are written, those of a whole answer at its end. */
  onSent?(pieces: readonly Uint8Array<ArrayBuffer>[], now: number): void
  /** A request is sent to the engine: the first of an attempt, or another form of it. */
  onEngineRequest?(request: EngineRequest, now: number): void
  /** The engine's answer to the latest of these begins. */
  onEngineResponse?(response: EngineResponse, now: number): void
  /**
   * Bytes of that answer, as they are read. Engines that make chunks in this process (the built-in one,
   * those of a program, WebGPU) have none.
   */
  onReceived?(bytes: Uint8Array<ArrayBuffer>, now: number): void
}

/** A request to an engine that is a server. */
export interface EngineRequest {
  method: string
  /** Below the root of the server's API, or below the server's root where it begins with `..`. */
  path: string
  headers: Readonly<Record<string, string>>
  body?: string | Uint8Array<ArrayBuffer> | undefined
  /** The server's key and address: texts that nobody may be shown. */
  secrets: readonly string[]
}

export interface EngineResponse {
  status: number
  headers: readonly (readonly [string, string])[]
}

/** Whose bytes are seen by taps, which come and go while it runs: an exchange. */
export interface Tapped {
  readonly taps: readonly ExchangeTap[]
}
