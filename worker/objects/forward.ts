/** Which requests go to the object of a stream. */
import type { Elsewhere } from '../../src/routes/elsewhere.ts'
import { isObject } from '../../src/util/object.ts'
import { parseUrl } from '../../src/util/parse-url.ts'
import { ApiError } from '../../src/wire/errors/api-error.ts'
import { isNamespace, type ObjectNamespace } from './platform.ts'

/** Tells an object which run it has. Only the worker reaches an object. */
export const RUN_HEADER = 'x-sluice-run'

/** Routes to a run: its id is the name of its object. */
const RUN_PATH =
  /^\/v1\/(?:streams\/((?:strm|resp)_[0-9a-f]{32})(?:\/stop)?|responses\/(resp_[0-9a-f]{32})(\/cancel)?)\/?$/

export interface Knows {
  /** Whether a request is one of a known caller. */
  isKnown(request: Request): Promise<boolean>
}

/**
 * Sends a request for a run to its object; undefined where it is none. A stranger's wakes no object: the
 * worker refuses it.
 */
export async function forwardToRun(
  request: Request,
  { STREAM_RUNS: runs }: Record<string, unknown>,
  handler: Knows,
): Promise<Response | undefined> {
  if (!isNamespace(runs)) return undefined
  const id = runAskedFor(request)
  if (id === undefined || !(await handler.isKnown(request))) return undefined
  return send(runs, id, request)
}

/** The run that a request is for. A stored response itself is in the store, with all that are no runs. */
export function runAskedFor({ method, url }: Request): string | undefined {
  if (!url.includes('/v1/streams/') && !url.includes('/v1/responses/')) return undefined
  const { pathname, searchParams } = parseUrl(url) ?? {}
  const [, stream, response, cancel] = RUN_PATH.exec(pathname ?? '') ?? []
  if (stream !== undefined) return method === 'OPTIONS' ? undefined : stream
  const isStored = method === 'GET' && searchParams?.get('stream') !== 'true'
  const isRun = method === 'DELETE' || cancel !== undefined || !isStored
  return isRun && method !== 'OPTIONS' ? response : undefined
}

/** Begins each stream that can be resumed in an object of its own. */
export function inObjects(runs: ObjectNamespace): Elsewhere {
  return async (request, body, { caller }) => {
    const isAsked = request.headers.get('x-sluice-resume') === '1' || caller?.limits?.resumable
    const wantsBackground = isObject(body) && body.background === true
    // Most requests ask for neither, and for them the address is not read.
    if (!isAsked && !wantsBackground) return undefined
    const { pathname = '' } = parseUrl(request.url) ?? {}
    const isResponse = /\/v1\/responses\/?$/.test(pathname)
    const isBackground = isResponse && wantsBackground
    if (!isBackground && !(isAsked && isStream(pathname, body))) return undefined
    // Its object counts it as one that is read or runs.
    caller?.handOver()
    const id = `${isResponse ? 'resp' : 'strm'}_${crypto.randomUUID().replaceAll('-', '')}`
    const { method, url } = request
    const headers = new Headers(request.headers)
    headers.delete('content-length')
    return send(runs, id, new Request(url, { method, headers, body: JSON.stringify(body) }))
  }
}

/** Ollama's API streams unless it is told not to; null tells it nothing. */
function isStream(pathname: string, body: unknown): boolean {
  const isOllama = /\/api\/(?:chat|generate)\/?$/.test(pathname)
  return ((isObject(body) ? body.stream : undefined) ?? isOllama) === true
}

async function send(runs: ObjectNamespace, id: string, request: Request): Promise<Response> {
  const forwarded = new Request(request)
  forwarded.headers.set(RUN_HEADER, id)
  try {
    return await runs.getByName(id).fetch(forwarded)
  } catch (cause) {
    const message =
      'stream: expected its Durable Object to answer, got an error, which is in the log; retry.'
    const headers = { 'retry-after': '1' }
    throw new ApiError(503, message, { code: 'state_unavailable', headers, cause })
  }
}
