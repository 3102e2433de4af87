import { ends } from './oddities/ends.ts'
import { errors } from './oddities/errors.ts'
import { fields } from './oddities/fields.ts'
import { framing } from './oddities/framing.ts'
import type { Script } from './script.ts'

/** The code of a stream that failed for its client. */
export type FailureCode =
  | 'upstream_incomplete'
  | 'upstream_truncated'
  | 'upstream_invalid'
  | 'upstream_error'
  | 'engine_aborted'

/** The repairs, by the names in a log line. */
export type Repaired =
  | 'framing'
  | 'finish_reason'
  | 'tool_call'
  | 'tool_index'
  | 'created'
  | 'usage'
  | 'role'
  | 'done'
  | 'reasoning'
  | 'content_type'
  | 'delta'
  | 'id'
  | 'index'
  | 'model'
  | 'null'
  | 'parts'
  | 'stream'

/** One way in which an upstream's stream is unusual, and the result that sluice must give. */
export interface Oddity {
  name: string
  script: Script
  /** Further fields of the chat request; `stream` is true unless it is set here. */
  request?: Record<string, unknown>
  expect: 'passed' | 'repaired' | 'failed'
  /** Set where `expect` is `failed`. */
  code?: FailureCode
  /** Set where `expect` is `repaired`: all repairs. */
  repaired?: Repaired[]
  /** The content of choice 0 that a client must receive, also before a failure. */
  text?: string
  /** Substrings of the bytes that a client must receive. */
  contains?: string[]
  /** Substrings that a client must never receive. */
  without?: string[]
}

/** Every oddity, by a unique name. */
export const ODDITIES: Oddity[] = [...framing, ...fields, ...ends, ...errors]
