/** One answer, read to whatever its end is, and measured. */
import { reasonOf } from '../../recording/record.ts'
import type { ChatRequest, ChunkDelta, Usage } from '../../wire/chat/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ChatServer, Watch } from './server.ts'

export type AnswerOutcome = { how: 'finished'; reason: string } | Failure | { how: 'cancelled' }

export interface Failure {
  how: 'failed'
  message: string
  code: string | null
  /** The status of the server's refusal, or what sluice would answer. */
  status: number
}

export interface ChatAnswer {
  text: string
  outcome: AnswerOutcome
  /** Milliseconds since it was asked at which packets came that brought something new. */
  arrivals: number[]
  /** Milliseconds to its end. */
  totalMs: number
  /** Deltas that brought text, reasoning or a piece of a call. */
  deltas: number
  /** Whether any of them was reasoning. */
  hasReasoning: boolean
  /** What the server counted, if it did. */
  usage: Usage | undefined
  /** What the contract had to repair. */
  repaired: string[]
}

/** The code of a failure to reach the server at all. */
export const UNREACHABLE = 'upstream_unreachable'

/** Told of the answer as it comes. */
export interface AnswerListener extends Watch {
  text(piece: string): void
  reasoning(piece: string): void
  /** A call's name, and pieces of its arguments. */
  call(index: number, name: string, piece: string): void
}

/** Asks, and reads what comes. Never rejects: how it failed is part of the answer. */
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

  packet(bytes: Uint8Array): void {
    // What still comes behind the end is read only to free the connection.
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

  /** What the last packet brought was taken. */
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
