/**
 * What an engine and those who use it say to each other over a message port. Every request has a
 * number of its own; what belongs to it carries that number.
 */
import type { ChatChunk, ChatRequest } from '../../wire/chat.ts'
import { ApiError } from '../../wire/errors.ts'
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
  | { kind: 'chat'; id: number; request: ChatRequest; credit: number }
  /** So many chunks more may come. */
  | { kind: 'credit'; id: number; chunks: number }
  | { kind: 'cancel'; id: number }
  /** While something runs: whoever is silent for long is gone. */
  | { kind: 'ping' }

/** From the engine. */
export type Tell =
  | { kind: 'models'; id: number; models: Model[] }
  | { kind: 'progress'; id: number; progress: Progress }
  /** A chat has its first chunk; none of them was sent before. */
  | { kind: 'begun'; id: number }
  | { kind: 'chunks'; id: number; chunks: ChatChunk[] }
  | { kind: 'done'; id: number }
  | { kind: 'error'; id: number; error: WireError }
  | { kind: 'pong' }

/** An `ApiError`, whole. */
export interface WireError {
  status: number
  message: string
  type: string
  code: string | null
  param: string | null
  headers: Record<string, string>
}

/** Milliseconds between two signs of life while something runs. */
export const PING = 1_000

/** Milliseconds of silence after which the other side is gone: a GPU at work can stall for some. */
export const PATIENCE = 10_000

/** How many chunks an engine may be ahead of its reader. */
export const CREDIT = 64

export function packError({ status, message, type, code, param, headers }: ApiError): WireError {
  return { status, message, type, code, param, headers }
}

export function unpackError({ status, message, ...details }: WireError): ApiError {
  return new ApiError(status, message, details)
}
