/** What one forwarded API is, and what is read of a request for it. */
import type { PassThroughPath } from '../../wire/pass-through/paths.ts'
import type { RequestedUse } from '../token-use.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface PassThroughRoute {
  method: 'GET' | 'POST'
  path: string
  /** Its name in the setting that says who answers a request without a model. */
  rule: PassThroughPath
  /** How the body is read, and with it the model: `query` is a request without a body. */
  body: 'json' | 'multipart' | 'query'
  /** The media types of answers besides JSON and streams of it. */
  answers: readonly string[]
  /** Fields with lists, which may be as long as a request may have messages. */
  lists: readonly string[]
  /** What is charged to a limit on tokens. */
  use(body: PassedBody): RequestedUse
  /** Other paths of the same API, asked where a server lacks the first one. */
  alternatives: readonly string[]
}

/** A request's body, or its query. */
export interface PassedBody {
  model: string | undefined
  fields: Readonly<Record<string, unknown>>
  /** The lengths of its files, and the bytes that each begins with. */
  files: readonly { length: number; head: Bytes }[]
  /** Its content type; undefined for a request without a body. */
  type?: string
  /** Its bytes: those that came, unless the model has another name at the server. */
  bytes?(model: string | undefined): Bytes
}
