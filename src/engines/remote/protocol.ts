/**
 * What an engine and those who use it say to each other over a message port. Every request has a
 * number of its own; what belongs to it carries that number.
 */
import type { ChatChunk, ChatRequest, Usage } from '../../wire/chat/request.ts'
import type { TextChunk, TextRequest } from '../../wire/completions/request.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { ApiError, type Evidence } from '../../wire/errors/api-error.ts'
import type { Model, Progress } from '../engine.ts'

/** A `MessagePort`, a `Worker`, or a worker's own global scope. */
export interface Port {
  postMessage(message: unknown): void
  addEventListener(type: 'message' | 'close', listener: (event: MessageEvent) => void): void
  removeEventListener(type: 'message' | 'close', listener: (event: MessageEvent) => void): void
  /** A `MessagePort` delivers nothing until it was started. */
  start?(): void
}

/** To the engine. */
export type Ask =
  | { kind: 'models'; id: number }
  | { kind: 'load'; id: number; model: string }
  | { kind: 'unload'; id: number }
  | { kind: 'embed'; id: number; request: EmbeddingRequest }
  | { kind: 'chat'; id: number; request: ChatRequest; credit: number }
  | { kind: 'complete'; id: number; request: TextRequest; credit: number }
  /** So many chunks more may come. */
  | { kind: 'credit'; id: number; chunks: number }
  | { kind: 'cancel'; id: number }
  /** While something runs: whoever is silent for long is gone. */
  | { kind: 'ping' }

/** From the engine. */
export type Tell =
  /** First of all: the lock that the engine's worker holds while it lives. */
  | { kind: 'here'; life: string }
  | { kind: 'models'; id: number; models: Model[] }
  | { kind: 'embedded'; id: number; json: string; model?: string; usage?: Usage }
  | { kind: 'progress'; id: number; progress: Progress }
  /** An answer has its first chunk; none of them was sent before. */
  | { kind: 'begun'; id: number }
  | { kind: 'chunks'; id: number; chunks: (ChatChunk | TextChunk)[] }
  | { kind: 'done'; id: number }
  | { kind: 'error'; id: number; error: WireError }
  | { kind: 'pong' }

/** An `ApiError`, whole; what failed underneath as text, for the log. */
export interface WireError {
  status: number
  message: string
  type: string
  code: string | null
  param: string | null
  headers: Record<string, string>
  evidence?: Evidence
  cause?: string
}

/** Milliseconds between two signs of life while something runs. */
export const PING = 1_000

/**
 * Milliseconds of silence after which the other side counts as gone. What really ends is noticed at
 * once by other means; while shaders are compiled on a CPU, a worker is silent for 20 s.
 */
export const PATIENCE = 60_000

/** How many chunks an engine may be ahead of its reader. */
export const CREDIT = 64

export function packError(error: ApiError): WireError {
  const { status, message, type, code, param, headers, evidence, cause } = error
  return {
    status,
    message,
    type,
    code,
    param,
    headers,
    ...(evidence && { evidence }),
    ...(cause !== undefined && { cause: textOf(cause) }),
  }
}

export function unpackError({ status, message, cause, ...details }: WireError): ApiError {
  return new ApiError(status, message, {
    ...details,
    ...(cause !== undefined && { cause: new Error(cause) }),
  })
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}
