/** What sluice itself writes into the stream of a run, in the form of each API. */

import { eventFrame } from '../../dialects/messages/events.ts'
import type { RunInfo, RunKey, RunLog, RunPart } from '../../state/run-log.ts'
import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'
import { ApiError, type DocLink } from '../../wire/errors/api-error.ts'
import { messagesError } from '../../wire/messages/error.ts'
import { line } from '../../wire/ndjson/lines.ts'
import { ollamaError } from '../../wire/ollama/error.ts'
import { frame, namedFrame } from '../../wire/sse/sse.ts'

/** The code of the error that ends a run whose instance is gone. */
const LOST = 'instance_lost'

export function instanceLost(): ApiError {
  return new ApiError(
    503,
    'stream: the server that produced this answer is gone, and what it had not written is lost; send the request again.',
    { code: LOST, headers: { 'retry-after': '1' } },
  )
}

/** Whether it is the event that ended a run whose instance is gone. */
function endsLostRun(event: string | undefined): boolean {
  return event?.includes(`"${LOST}"`) === true || event?.includes(instanceLost().message) === true
}

/** Whether the run has ended because its producer was gone. */
export async function isLost(
  { log }: { log: RunLog },
  key: RunKey,
  part: RunPart,
): Promise<boolean> {
  if (part.state !== 'failed') return false
  const end = await log.read(key, part.next - 1, true)
  return endsLostRun(end?.frames.at(-1))
}

/** For a stream that another request has stopped. */
export function streamStopped(): ApiError {
  return new ApiError(
    499,
    'stream: it was stopped by another request of its key (DELETE /v1/streams/ID); send the request again if it is still wanted.',
    { code: 'stream_stopped' },
  )
}

/** For a stream that nobody has read for too long. */
export function streamAbandoned(graceMs: number): ApiError {
  return new ApiError(
    499,
    `stream: nobody read it for ${Math.round(graceMs / 1000)} s, so it was stopped; set resumeGrace to wait longer, or ask with background: true.`,
    { code: 'stream_abandoned' },
  )
}

/** For who still follows a stream that was deleted. */
export function streamDeleted(): ApiError {
  return new ApiError(499, 'stream: it was deleted by another request of its key.', {
    code: 'stream_deleted',
  })
}

/** What an event needs that ends a run which did not end itself. */
export interface LastWords {
  /** The number that it has. */
  number: number
  /** The first event of the log, if it is still there. */
  first?: string | undefined
  /** Where the code of the error is explained. */
  docs: DocLink | undefined
}

/** The event with which a run ends that did not end itself. */
export function lastEvent(
  { id }: RunKey,
  { api, hasIds }: Pick<RunInfo, 'api' | 'hasIds'>,
  error: ApiError,
  words: LastWords,
): string {
  if (api === 'ollama') return line(ollamaError(error))
  return withId(words.number, hasIds, eventOf(api, error, id, words))
}

/** An event with its number, for clients that send the last one they saw as `Last-Event-ID`. */
export function withId(number: number, hasIds: boolean, event: string): string {
  return hasIds ? `id: ${number}\n${event}` : event
}

function eventOf(
  api: RunInfo['api'],
  error: ApiError,
  id: string,
  { number, first, docs }: LastWords,
): string {
  if (api === 'messages') return eventFrame({ ...messagesError(error, id, docs) })
  if (api !== 'responses') return frame(JSON.stringify(error.body(docs)))
  const type = 'response.failed'
  const response = failedResponse(responseIn(first) ?? { id, object: 'response' }, error, docs)
  return namedFrame(type, JSON.stringify({ type, sequence_number: number, response }))
}

/** A response that its instance could not end. */
export function failedResponse<R extends object>(response: R, error: ApiError, docs?: DocLink) {
  const { message, type, param, code } = error
  return {
    ...response,
    status: 'failed' as const,
    error: { code: code ?? type, message, type, param, ...error.docUrl(docs) },
  }
}

/** The response in its first event. */
function responseIn(event: string | undefined): Record<string, unknown> | undefined {
  const [, json] = /^data: (.*)$/m.exec(event ?? '') ?? []
  if (json === undefined) return undefined
  try {
    const { response } = parseJson(json) as { response?: unknown }
    return isObject(response) ? response : undefined
  } catch {
    return undefined
  }
}

/**
 * A heartbeat for who waits for the next event of a run that is produced elsewhere: one that clients of the
 * API take for nothing, whatever came before it. It has no number.
 */
export function heartbeatOf({ api }: Pick<RunInfo, 'api'>): string {
  if (api === 'messages') return eventFrame({ type: 'ping' })
  if (api === 'ollama') return line(EMPTY_PIECE)
  // Without a blank line: a whole empty event makes openai-python and others parse its no data.
  return ': ping\n'
}

/** An empty piece of Ollama's API that says that it is a heartbeat: it is not counted. */
export function markedHeartbeat(piece: string): string {
  return piece.replace(/"created_at":"[^"]*"/, `"created_at":"${NO_TIME}"`)
}

const NO_TIME = '1970-01-01T00:00:00Z'

/** Of a chat and of a generated text alike. */
const EMPTY_PIECE = {
  model: '',
  created_at: NO_TIME,
  message: { role: 'assistant', content: '' },
  response: '',
  done: false,
}
