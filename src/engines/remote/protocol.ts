/**
 * The messages between an engine and its users over a message port. Every request has an id, which
 * all of its messages carry.
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
  /** A `MessagePort` delivers no messages before this. */
  start?(): void
}

/** Messages to the engine. */
export type RequestMessage =
  | { kind: 'models'; id: number }
  | { kind: 'load'; id: number; model: string }
  | { kind: 'unload'; id: number }
  | { kind: 'embed'; id: number; request: EmbeddingRequest }
  | { kind: 'chat'; id: number; request: ChatRequest; credit: number }
  | { kind: 'complete'; id: number; request: TextRequest; credit: number }
  /** Allows so many further chunks: flow control by credit. */
  | { kind: 'credit'; id: number; chunks: number }
  | { kind: 'cancel'; id: number }
  /** Sent at intervals while requests are in progress; a side that stays silent counts as gone. */
  | { kind: 'ping' }

/** Messages from the engine. */
export type ReplyMessage =
  /** The first message: the name of the lock that the engine's worker holds while it lives. */
  | { kind: 'here'; life: string }
  | { kind: 'models'; id: number; models: Model[] }
  | { kind: 'embedded'; id: number; json: string; model?: string; usage?: Usage }
  | { kind: 'progress'; id: number; progress: Progress }
  /** The engine has accepted the request; chunks follow. */
  | { kind: 'begun'; id: number }
  | { kind: 'chunks'; id: number; chunks: (ChatChunk | TextChunk)[] }
  | { kind: 'done'; id: number }
  | { kind: 'error'; id: number; error: WireError }
  | { kind: 'pong' }

/** An `ApiError` as a structured-cloneable object; its cause as text, for the log. */
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

/** Milliseconds between two pings while requests are in progress. */
export const PING_INTERVAL = 1_000

/**
 * Milliseconds of silence after which the other side counts as gone. Long, since a worker that
 * compiles shaders on a CPU is silent for 20 s; a worker that ends is noticed at once by its lock.
 */
export const SILENCE_TIMEOUT = 60_000

/** The most chunks that an engine may be ahead of its reader. */
export const INITIAL_CREDIT = 64

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
