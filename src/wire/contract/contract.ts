/** What holds of every stream, whatever the API: the rest of a contract is the API's own. */
import type { Usage } from '../chat/answer.ts'
import type { ApiError } from '../errors/api-error.ts'
import type { EngineErrors } from '../errors/engine-errors.ts'

/** What a contract repaired, for the request's log line. */
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
 * `same`: forward it untouched. `changed`: it was repaired in place. `drop`: nothing is left of it.
 * `hold`: usage, which `end` gives when all else was said; it may be changed too. `last`: forward it
 * too, and nothing follows; it may be changed too. `last-failed`: the same, and the answer failed:
 * `failure` says why.
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

/** How the engine stopped speaking: with `[DONE]` or a last event, by ending, or by breaking off. */
export type StreamEnd = 'done' | 'end' | 'reset'

/** The state machine of a stream in any API: what is read is held to it, what is written obeys it. */
export interface StreamContract<T> {
  /** How many events brought something. */
  readonly tokens: number
  /** What the engine counted, in the terms of a chat. */
  readonly usage: Usage | undefined
  /** Whether all was said: only what ends the stream is left to write. */
  readonly finished: boolean
  /** Whether all that may still follow is usage and the end. */
  readonly isComplete: boolean
  /** What was repaired, for the request's log line. */
  readonly repaired: Set<string>
  readonly errors: EngineErrors
  /** Why the answer failed, where the upstream's own event has told it. */
  readonly failure: ApiError | undefined
  /** What the engine left out before the event judged last; whoever writes it takes it away. */
  readonly missing: T[]
  /** Judges what the engine sent as a chunk, and repairs it in place. Throws an `ApiError`. */
  check(value: unknown): ChunkAction
  /** So many frames came, each proven to bring only the next text. */
  countProven(frames: number): void
  /** The engine stopped speaking. Returns the chunks still owed. Throws an `ApiError`. */
  end(ending: StreamEnd): T[]
}
