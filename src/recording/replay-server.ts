import { parseObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Recording } from './recording.ts'
import { type ReplayOptions, replay } from './replay.ts'

/** The endpoints of the APIs; a recording is replayed below any root path. */
const ENDPOINT = /\/(chat\/completions|completions|responses|messages)$/

/** The requested model, otherwise the model in the answer, otherwise `recording`. */
export function modelOf({ request, packets }: Recording): string {
  return modelIn(request.body) ?? answeringModel({ packets }) ?? 'recording'
}

/** The model that an answer names. */
export function answeringModel({ packets }: Pick<Recording, 'packets'>): string | undefined {
  const [first] = packets
  const text = first === undefined ? '' : new TextDecoder().decode(first.bytes)
  return /"model": ?"([^"]+)"/.exec(text)?.[1]
}

/** Whether a chat was recorded, which the replay engine can answer with. */
export function isChat({ request }: Recording): boolean {
  return new URL(request.url).pathname.endsWith('/chat/completions')
}

/** A request handler that replays recordings by endpoint and model. */
export function replayHandler(
  recordings: readonly Recording[],
  options: ReplayOptions = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const { pathname } = new URL(request.url)
      if (request.method === 'GET' && pathname.endsWith('/models')) return modelList(recordings)
      const recording = await findRecording(recordings, request, pathname)
      return await replay(recording, request.signal, options)
    } catch (error) {
      if (error instanceof ApiError) return json(error, error.status)
      throw error
    }
  }
}

async function findRecording(
  recordings: readonly Recording[],
  request: Request,
  pathname: string,
): Promise<Recording> {
  const there = recordings.filter(
    (each) => each.request.method === request.method && isFor(each, pathname),
  )
  if (there.length === 0) {
    const places = [...new Set(recordings.map(endpointOf))].join(', ')
    const message = `path: expected a recorded endpoint (${places}), got ${request.method} ${pathname}; send the request to one of these.`
    throw new ApiError(404, message, { code: 'not_found' })
  }
  const asked = modelIn(await request.text())
  const found = there.find((each) => modelOf(each) === asked)
  // With a single recording of the endpoint, the model's name does not matter.
  if (found !== undefined) return found
  if (there.length === 1) return there[0] as Recording
  const names = there.map((each) => JSON.stringify(modelOf(each))).join(', ')
  const message = `model: expected one of the recorded models (${names}), got ${JSON.stringify(asked ?? '')}; use one of these.`
  throw new ApiError(404, message, { code: 'model_not_found', param: 'model' })
}

function isFor({ request }: Recording, pathname: string): boolean {
  const recorded = new URL(request.url).pathname
  if (recorded === pathname) return true
  const [endpoint] = ENDPOINT.exec(recorded) ?? []
  return endpoint !== undefined && ENDPOINT.exec(pathname)?.[0] === endpoint
}

function endpointOf({ request }: Recording): string {
  return `${request.method} ${new URL(request.url).pathname}`
}

function modelList(recordings: readonly Recording[]): Response {
  const ids = [...new Set(recordings.map(modelOf))]
  const data = ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'recording' }))
  return json({ object: 'list', data }, 200)
}

function json(value: unknown, status: number): Response {
  const headers = { 'content-type': 'application/json' }
  return new Response(JSON.stringify(value), { status, headers })
}

function modelIn(body = ''): string | undefined {
  const model = parseObject(body)?.model
  return typeof model === 'string' ? model : undefined
}
