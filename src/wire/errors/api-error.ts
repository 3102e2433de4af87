/**
 * Every refusal and every failure sluice speaks of, in OpenAI's shape:
 * `{"error": {"message", "type", "param", "code"}}`.
 */

/** The body of an error, as OpenAI's clients read it. */
export interface ErrorBody {
  error: {
    message: string
    type: string
    param: string | null
    code: string | null
    /** What an upstream counted: `n_prompt_tokens`, `n_ctx`. */
    [count: `n_${string}`]: number
  }
}

/** What an `ApiError` says besides its status and message. */
export interface ErrorDetails {
  /** A stable word for programs: `model_not_found`, `upstream_truncated`, … */
  code?: string | null
  /** The field of the request that is at fault, as a path: `messages[0].role`. */
  param?: string | null
  /** OpenAI's error type; by default the one that belongs to the status. */
  type?: string
  /** Response headers that belong to this error: `retry-after`, `allow`. */
  headers?: Record<string, string>
  /** What an upstream counted, as it names it: `n_prompt_tokens`, `n_ctx`. */
  details?: Readonly<Record<`n_${string}`, number>>
  /** What went wrong underneath. Never shown to a client. */
  cause?: unknown
  /** What it shows of the engine that was asked, where its code does not say. */
  shows?: Evidence
}

/** `answered`: the engine said this itself, so it works. `lost`: the connection to it broke. */
export type Evidence = 'answered' | 'lost'

/**
 * An error a client may see. Thrown before a response's headers went out it becomes that status;
 * afterwards the same object becomes the stream's one error frame.
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
  readonly shows: Evidence | undefined
  readonly details: Readonly<Record<`n_${string}`, number>>

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'ApiError'
    this.status = status
    this.type = details.type ?? typeOf(status)
    this.code = details.code ?? null
    this.param = details.param ?? null
    this.headers = details.headers ?? {}
    this.shows = details.shows
    this.details = details.details ?? {}
  }

  /** The JSON a client reads, in a response's body as in an error frame. */
  toJSON(): ErrorBody {
    const { message, type, param, code, details } = this
    return { error: { message, type, param, code, ...details } }
  }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** A 400 that names the field. `message` says what came and what was expected. */
export function badRequest(message: string, param: string | null = null): ApiError {
  return new ApiError(400, message, { param, code: 'invalid_value' })
}

/** Anything thrown, as an `ApiError`; what is not one tells a client nothing of itself. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError(
    500,
    'sluice failed to answer because of an internal error; see its log for the cause.',
    { code: 'internal_error', cause: error },
  )
}
