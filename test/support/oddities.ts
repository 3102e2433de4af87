import { ends } from './oddities/ends.ts'
import { errors } from './oddities/errors.ts'
import { fields } from './oddities/fields.ts'
import { framing } from './oddities/framing.ts'
import type { Script } from './script.ts'

/** Why a stream that a client saw fail has failed. */
export type FailureCode =
  | 'upstream_incomplete'
  | 'upstream_truncated'
  | 'upstream_invalid'
  | 'upstream_error'
  | 'engine_aborted'

/** What had to be repaired; the names that a log line uses. */
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

/** One way in which an upstream departs from a plain stream, and what becomes of it. */
export interface Oddity {
  name: string
  script: Script
  /** Fields that the chat request needs besides; `stream` is true unless they say otherwise. */
  request?: Record<string, unknown>
  expect: 'passed' | 'repaired' | 'failed'
  /** Set where `expect` is `failed`. */
  code?: FailureCode
  /** Set where `expect` is `repaired`: all of what had to be. */
  repaired?: Repaired[]
  /** The content of choice 0 that a client is to see, before a failure too. */
  text?: string
  /** What else a client must see: substrings of the bytes that it gets. */
  contains?: string[]
  /** What a client must never see. */
  without?: string[]
}

/** Every oddity, by a unique name. */
export const ODDITIES: Oddity[] = [...framing, ...fields, ...ends, ...errors]
