import { isCode } from '../../util/safe/code.ts'
import { logText } from '../../util/safe/log.ts'

/** An error that an upstream reports, in a response body or in a frame of a stream. */
export interface ReportedError {
  message: string
  type?: string
  code?: string | null
  param?: string | null
  /** Counts: llama-server sends the length of a prompt and of the context. */
  details?: Record<`n_${string}`, number>
}

/**
 * Reads an error in any of the known formats: OpenAI's and llama-server's `{"error": {…}}`, Ollama's
 * `{"error": "…"}`, vLLM's `{"object": "error", …}`, FastAPI's `{"detail": …}`. Undefined if
 * the value is not an error.
 */
export function readError(value: Record<string, unknown>): ReportedError | undefined {
  if (value.error) return describe(value.error)
  if (value.object === 'error' || value.type === 'error') return describe(value)
  if (value.detail !== undefined && value.choices === undefined) return describe(value.detail)
  return undefined
}

function describe(value: unknown): ReportedError {
  if (typeof value === 'string') return { message: value }
  if (Array.isArray(value)) return describe(value[0] ?? 'no reason given')
  if (typeof value !== 'object' || value === null) return { message: 'no reason given' }
  const fields = value as Record<string, unknown>
  const message = [fields.message, fields.msg, fields.detail].find(
    (text) => typeof text === 'string',
  )
  return {
    message: (message as string | undefined) ?? 'no reason given',
    ...(isCode(fields.type) && { type: fields.type }),
    ...(isCode(fields.code) && { code: fields.code }),
    ...(typeof fields.param === 'string' && { param: logText(fields.param) }),
    ...countsOf(fields),
  }
}

/**
 * Messages with which llama-server rejects a request, although with status 500, so that a retry can't
 * succeed. Sources: llama.cpp, tools/server/server-common.cpp (what is thrown as `std::runtime_error`) and
 * tools/server/server-context.cpp.
 */
const REQUEST_ERRORS = [
  /^(image|audio|video) input is not supported/,
  /^input( \(\d+ tokens\))? is too large to process/,
  /^Multimodal data provided, but model does not support/,
  /^Failed to (load image or audio file|download image|tokenize prompt)/,
  /^(Invalid url (value|format)|url must be base64 encoded)/,
  /^(tools|tool_choice) param requires --jinja/,
  /^Cannot use both json_schema and grammar/,
  /^(Only no echo is supported|Unsupported param: |"prompt" )/,
]

/** Whether a server's message says that the request is at fault, whatever its status. */
export function isRequestError(message: string): boolean {
  return REQUEST_ERRORS.some((words) => words.test(message))
}

function countsOf(fields: Record<string, unknown>): Pick<ReportedError, 'details'> {
  const counts = Object.entries(fields).filter(
    (field): field is [`n_${string}`, number] =>
      /^n_[a-z_]{1,30}$/.test(field[0]) && Number.isFinite(field[1]),
  )
  return counts.length > 0 ? { details: Object.fromEntries(counts) } : {}
}
