/** What the stream contracts of all APIs have in common. */
import type { Usage } from '../chat/answer.ts'
import type { ApiError } from '../errors/api-error.ts'
import type { EngineErrors } from '../errors/engine-errors.ts'

/** A repair that a contract made; the request's log line names it. */
export type Repair =
  | 'content_type'
  | 'created'
  | 'delta'
  | 'done'
  | 'finish_reason'
  | 'framing'
  | 'id'
  | 'index'
  | 'model'
  | 'null'
  | 'parts'
  | 'reasoning'
  | 'role'
  | 'stream'
  | 'text'
  | 'think'
  | 'tool_call'
  | 'tool_index'
  | 'usage'

/**
 * What to do with a checked chunk. `same`: forward its bytes. `changed`: it was repaired in place, so
 * write it again. `drop`: write nothing. `hold`: it has only usage, which `end` returns after all other
 * chunks; `hold-changed` if it was repaired. `last`: forward it, and nothing follows; `last-changed` if
 * it was repaired. `last-failed`: write it again, and the answer has failed: `failure` says why.
 */
export type ChunkAction =
  | 'same'
  | 'changed'
  | 'drop'
  | 'hold'
  | 'hold-changed'
  | 'last'
  | 'last-changed'
  | 'last-failed'

/** How a stream ended: with `[DONE]` or a last event, with the end of the body, or with a lost connection. */
export type StreamEnd = 'done' | 'end' | 'reset'

/** The state machine of a stream in any API: chunks that are read or written must obey it. */
export interface StreamContract<T> {
  /** How many events had content. */
  readonly tokens: number
  /** The UTF-8 bytes of the content: a delta may hold more than a token. */
  readonly textLength: number
  /** Whether they are counted, for which each delta is measured: only a limit on tokens needs them. */
  countsText: boolean
  /** The engine's token counts, as in a chat. */
  readonly usage: Usage | undefined
  /** Whether all chunks were written, so that only the end of the stream is missing. */
  readonly finished: boolean
  /** Whether only usage and the end may still follow. */
  readonly isComplete: boolean
  /** What was repaired, for the request's log line. */
  readonly repaired: Set<string>
  readonly errors: EngineErrors
  /** Why the answer failed, if the upstream reported it in an event. */
  readonly failure: ApiError | undefined
  /** Events that the engine left out before the last checked one; the writer removes them. */
  readonly missing: T[]
  /** Checks a parsed chunk and repairs it in place. Throws an `ApiError` for one that breaks the contract. */
  check(value: unknown): ChunkAction
  /** Counts frames that were proven to have only the next texts, without being parsed. */
  countProven(frames: number, textLength: number): void
  /** Ends the stream. Returns the chunks that are still to be written. Throws an `ApiError`. */
  end(ending: StreamEnd): T[]
}
