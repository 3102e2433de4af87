/** Reads one answer until it ends, in whatever way, and measures it. */
import { reasonOf } from '../../recording/record.ts'
import type { ChatRequest, ChunkDelta, Usage } from '../../wire/chat/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ChatServer, Watch } from './server.ts'

export type AnswerOutcome = { how: 'finished'; reason: string } | Failure | { how: 'cancelled' }

export interface Failure {
  how: 'failed'
  message: string
  code: string | null
  /** The HTTP status of the refusal, or the one that sluice would send. */
  status: number
}

export interface ChatAnswer {
  text: string
  outcome: AnswerOutcome
  /** When packets with something new arrived, in milliseconds since the request. */
  arrivals: number[]
  /** Milliseconds until the end. */
  totalMs: number
  /** Deltas with text, reasoning or a part of a tool call. */
  deltas: number
  /** Whether any of them had reasoning. */
  hasReasoning: boolean
  /** The server's token counts, if it sent them. */
  usage: Usage | undefined
  /** What was repaired in the stream. */
  repaired: string[]
}

/** The code for a server that cannot be reached. */
export const UNREACHABLE = 'upstream_unreachable'

/** Is called with the parts of an answer as they arrive. */
export interface AnswerListener extends Watch {
  text(piece: string): void
  reasoning(piece: string): void
  /** The name of a tool call, and parts of its arguments. */
  call(index: number, name: string, piece: string): void
}

/** Sends the request and reads the answer. Never rejects: a failure is part of the answer. */
export async function readAnswer(
  server: ChatServer,
  request: ChatRequest,
  signal: AbortSignal,
  listener: AnswerListener,
): Promise<ChatAnswer> {
  const startedAt = performance.now()
  const reading = new Reading(listener, startedAt)
  try {
    const stream = await server.ask(request, signal, reading)
    let reason = ''
    const { items, contract } = stream
    for (let batch = await items.next(); !batch.done; batch = await items.next()) {
      for (const chunk of batch.value) {
        for (const { index, delta, finish_reason } of chunk.choices) {
          if (index === 0) reading.take(delta)
          if (index === 0 && finish_reason !== null) reason = finish_reason ?? reason
        }
      }
      reading.usage = contract.usage
      reading.repaired = contract.repaired
      reading.note()
    }
    reading.usage = contract.usage
    return reading.answer({ how: 'finished', reason })
  } catch (error) {
    if (signal.aborted) return reading.answer({ how: 'cancelled' })
    return reading.answer(failure(error))
  }
}

export function failure(error: unknown): Failure {
  if (!(error instanceof ApiError)) {
    return { how: 'failed', message: reasonOf(error), code: null, status: 0 }
  }
  const { code, status, cause } = error
  const why = code === UNREACHABLE && cause instanceof Error ? ` (${reasonOf(cause)})` : ''
  return { how: 'failed', message: error.message + why, code, status }
}

class Reading implements Watch {
  usage: Usage | undefined
  repaired: Iterable<string> = []
  readonly #listener: AnswerListener
  readonly #startedAt: number
  readonly #arrivals: number[] = []
  #lastAt = 0
  #text = ''
  #deltas = 0
  #noted = 0
  #hasReasoning = false
  #isOver = false

  constructor(listener: AnswerListener, startedAt: number) {
    this.#listener = listener
    this.#startedAt = startedAt
  }

  head(status: number, type: string): void {
    this.#listener.head(status, type)
  }

  lost(): void {
    this.#listener.lost()
  }

  packet(bytes: Uint8Array): void {
    // The rest after the end is read only to free the connection.
    if (this.#isOver) return
    this.#lastAt = performance.now() - this.#startedAt
    this.#listener.packet(bytes)
  }

  take(delta: ChunkDelta): void {
    // A server that sends both sends the same text twice.
    const reasoning = delta.reasoning || delta.reasoning_content || ''
    const text = (delta.content || '') + (delta.refusal || '')
    const calls = delta.tool_calls ?? []
    if (reasoning === '' && text === '' && calls.length === 0) return
    this.#deltas++
    if (reasoning !== '') {
      this.#hasReasoning = true
      this.#listener.reasoning(reasoning)
    }
    if (text !== '') this.#listener.text(text)
    this.#text += text
    for (const { index, function: called, custom } of calls) {
      const piece = called?.arguments ?? custom?.input ?? ''
      this.#listener.call(index, called?.name ?? custom?.name ?? '', piece)
    }
  }

  /** The content of the last packet has been counted. */
  note(): void {
    if (this.#deltas > this.#noted) this.#arrivals.push(this.#lastAt)
    this.#noted = this.#deltas
  }

  answer(outcome: AnswerOutcome): ChatAnswer {
    this.#isOver = true
    return {
      text: this.#text,
      outcome,
      arrivals: this.#arrivals,
      totalMs: performance.now() - this.#startedAt,
      deltas: this.#deltas,
      hasReasoning: this.#hasReasoning,
      usage: this.usage,
      repaired: [...this.repaired],
    }
  }
}
