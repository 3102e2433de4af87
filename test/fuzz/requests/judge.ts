/** What every answer to a request must be, whatever was asked. */
import { readText } from '../../support/completions.ts'
import { readMessages } from '../../support/message-stream.ts'
import { readOllama } from '../../support/ollama.ts'
import { readStream } from '../../support/read.ts'
import { lintResponse, readResponses } from '../../support/responses.ts'
import { requireEqual, requireThat } from '../equal.ts'

/** Checks an answer of the API at the path: `asked` is the body, where it was JSON. */
export async function judge(path: string, response: Response, asked: unknown): Promise<void> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) return judgeStream(path, response, asked)
  const text = await response.text()
  if (type.startsWith('application/x-ndjson')) return judgeLines(text)
  if (response.status >= 400) return judgeError(path, response, text)
  if (!type.startsWith('application/json')) return
  const value: unknown = JSON.parse(text)
  if (path === '/v1/responses') requireEqual(lintResponse(value), [], `problems of ${text}`)
}

interface Asked {
  stream_options?: { include_usage?: boolean }
  prompt?: unknown
  n?: number
  background?: unknown
}

async function judgeStream(path: string, response: Response, asked: unknown): Promise<void> {
  const body = (asked ?? {}) as Asked
  const usage = body.stream_options?.include_usage === true
  if (path === '/v1/messages') {
    const read = readMessages(await response.text())
    return requireEqual([read.problems, read.outcome], [[], 'finished'], read.raw)
  }
  if (path.startsWith('/v1/responses')) {
    const raw = await response.text()
    const { problems, outcome } = readResponses(raw)
    // In the background it has begun before the engine refuses the request.
    const isRefused = body.background === true && /"type":"invalid_request_error"/.test(raw)
    return requireEqual([problems, outcome], [[], isRefused ? 'failed' : 'completed'], raw)
  }
  const read =
    path === '/v1/completions'
      ? await readText(response, body as never)
      : await readStream(response, { usage })
  requireEqual([read.problems, read.outcome], [[], 'finished'], read.raw)
}

function judgeLines(raw: string): void {
  const read = readOllama(raw)
  requireEqual([read.problems, read.outcome], [[], 'finished'], read.raw)
}

/** Words of a machine's inside that no error may tell. */
const INSIDE = /\bat .*:\d+:\d+|node_modules|gpu\.test|TypeError|\[object /

/** An error of the path's API, that says what is wrong and where. */
export function judgeError(path: string, response: Response, text: string): void {
  const body = JSON.parse(text) as { error: Record<string, unknown>; type?: string }
  const isAnthropic = path.startsWith('/v1/messages') && body.type === 'error'
  if (path.startsWith('/api/')) {
    judgeOllamaError(response, text)
    return
  }
  const { message, type, code, param } = body.error
  requireThat(
    typeof message === 'string' && /\S/.test(message),
    `an error without a message: ${text}`,
  )
  requireThat(
    typeof type === 'string' && /_error$|_large$/.test(type),
    `an error without a type: ${text}`,
  )
  requireThat(!INSIDE.test(withoutQuotes(message)), `an error that tells of the inside: ${text}`)
  requireThat(code !== 'internal_error', `an error of sluice's own: ${text}`)
  requireThat(response.headers.has('x-request-id'), 'an error without a request id')
  if (response.status === 400) {
    requireThat(
      /^[^\s:]{1,200}: /.test(withoutQuotes(message)),
      `a 400 that names no field: ${text}`,
    )
  }
  if (!isAnthropic)
    requireThat(param === null || typeof param === 'string', `a wrong param: ${text}`)
}

/** The text alone: a 400 names the field in it. */
function judgeOllamaError(response: Response, text: string): void {
  const body = JSON.parse(text) as { error: unknown }
  requireEqual(Object.keys(body), ['error'], 'the fields of an error')
  const message = String(body.error)
  requireThat(typeof body.error === 'string' && /\S/.test(message), `no message: ${text}`)
  requireThat(!INSIDE.test(withoutQuotes(message)), `an error that tells of the inside: ${text}`)
  requireThat(!message.includes('internal error'), `an error of sluice's own: ${text}`)
  requireThat(response.headers.has('x-request-id'), 'an error without a request id')
  const isNamed = response.status !== 400 || /^[^\s:]{1,200}: /.test(withoutQuotes(message))
  requireThat(isNamed, `a 400 that names no field: ${text}`)
}

/** Without what was received, which is quoted. */
function withoutQuotes(message: string): string {
  return message.replace(/"(?:[^"\\]|\\.)*"/g, '""')
}
