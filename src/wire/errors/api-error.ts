/**
 * Every error that sluice returns, in OpenAI's format:
 * `{"error": {"message", "type", "param", "code"}}`.
 */

import { cut } from '../../util/safe/cut.ts'
import { logText } from '../../util/safe/log.ts'
import { terminalText } from '../../util/safe/terminal.ts'

/** The body of an error, as OpenAI's clients read it. */
export interface ErrorBody {
  error: {
    message: string
    type: string
    param: string | null
    code: string | null
    /** The page that says what the code means and what to do; only for codes of sluice's own. */
    doc_url?: string
    /** Counts from an upstream: `n_prompt_tokens`, `n_ctx`. */
    [count: `n_${string}`]: number
  }
}

/** What an `ApiError` says besides its status and message. */
export interface ErrorDetails {
  /** A stable code for programs: `model_not_found`, `upstream_truncated`, … */
  code?: string | null
  /** Whether the code is the word of an upstream, which may mean something else there. */
  isReported?: boolean
  /** The path of the invalid request field: `messages[0].role`. */
  param?: string | null
  /** OpenAI's error type; by default the one for the status. */
  type?: string
  /** Response headers of the error: `retry-after`, `allow`. */
  headers?: Record<string, string>
  /** Counts from an upstream, with its field names: `n_prompt_tokens`, `n_ctx`. */
  details?: Readonly<Record<`n_${string}`, number>>
  /** The underlying error. Never shown to a client. */
  cause?: unknown
  /** What the error shows about the engine, if its code does not tell. */
  evidence?: Evidence
}

/**
 * The address of the page about an error code of sluice's own; undefined for other codes, and where none can be
 * given. It knows the codes, so that a page of a browser, which links to none, does without their list.
 */
export type DocLink = (code: string) => string | undefined

/**
 * `answered`: the engine itself returned the error, so it works. `lost`: the connection broke after the
 * request was sent. `stale`: so did one that had been used before, which says nothing about the engine.
 */
export type Evidence = 'answered' | 'lost' | 'stale'

/**
 * An error that a client may see. Before the response headers are sent, it becomes the response with its
 * status; afterwards it becomes the error frame of the stream. A status that is no error's, from 400 to
 * 599, becomes 500, and the log entry's `cause` says so.
 *
 * @example
 * const printer = defineEngine({
 *   label: 'printer',
 *   models: ['printer'],
 *   async *chat() {
 *     const headers = { 'retry-after': '5' }
 *     throw new ApiError(429, 'The printer is busy.', { code: 'engine_busy', headers })
 *   },
 * })
 * const { fetch } = createHandler({ engines: [printer], insecure: true })
 * const body = JSON.stringify({ model: 'printer', messages: [{ role: 'user', content: 'Hi' }] })
 * const headers = { 'content-type': 'application/json' }
 * const url = 'http://localhost/v1/chat/completions'
 * const response = await fetch(new Request(url, { method: 'POST', headers, body }))
 * console.log(response.status, response.headers.get('retry-after')) // 429 5
 */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly param: string | null
  readonly headers: Record<string, string>
  readonly evidence: Evidence | undefined
  readonly isReported: boolean
  readonly details: Readonly<Record<`n_${string}`, number>>

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    const isError = Number.isInteger(status) && status >= 400 && status <= 599
    super(shown(message), { cause: isError ? details.cause : notAnError(status, details.cause) })
    this.name = 'ApiError'
    this.status = isError ? status : 500
    this.type = details.type ?? typeOf(this.status)
    this.code = details.code ?? null
    this.param = details.param == null ? null : logText(details.param, MAX.param)
    this.headers = details.headers ?? {}
    this.evidence = details.evidence
    this.isReported = details.isReported ?? false
    this.details = details.details ?? {}
  }

  /** The JSON in a response body or an error frame, with the address of the page about its code. */
  body(docs?: DocLink): ErrorBody {
    const { message, type, param, code, details } = this
    return { error: { message, type, param, code, ...this.docUrl(docs), ...details } }
  }

  /** The field with the address of the page about its code; of a server's own code there is none. */
  docUrl(docs: DocLink | undefined): { doc_url?: string } {
    const { code } = this
    if (docs === undefined || code === null || this.isReported) return {}
    const doc_url = docs(code)
    return doc_url === undefined ? {} : { doc_url }
  }

  /** The same without an address. */
  toJSON(): ErrorBody {
    return this.body()
  }
}

/** The most characters of a message and of a field path, which may quote what was received. */
const MAX = { message: 2_000, param: 500 }

/** Messages are shown in terminals and logs, by clients too. */
function shown(message: string): string {
  return terminalText(cut(message, MAX.message))
}

/** What the log says of a status that would not be an error: throwing here could end a stream. */
function notAnError(status: unknown, cause: unknown): RangeError {
  const got = typeof status === 'number' ? status : typeof status
  return new RangeError(`ApiError: status: expected 400 to 599, got ${got}; 500 was sent instead`, {
    cause,
  })
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** A 400 for a request field. `message` says what was expected, what came and what to do. */
export function badRequest(message: string, param: string | null = null): ApiError {
  return new ApiError(400, message, { param, code: 'invalid_value' })
}

/** Any thrown value as an `ApiError`; of other errors a client sees no details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError(
    500,
    'sluice failed to answer because of an internal error; see its log for the cause.',
    {
      code: 'internal_error',
      cause: error,
    },
  )
}
