/** The events of a response that is stored. */
import type { RunKey } from '../../state/run-log.ts'
import { ApiError, badRequest, type DocLink } from '../../wire/errors/api-error.ts'
import type { ResponseObject } from '../../wire/responses/request.ts'
import type { RouteContext } from '../route.ts'
import { peekRun } from '../runs/bury-run.ts'
import { followRun } from '../runs/follow.ts'
import { isLost } from '../runs/last-event.ts'
import { isOpen } from '../runs/runs.ts'

/**
 * Streams the events after number `after`: the stored ones, then new ones to the end. Rejects with an
 * `ApiError` (400) where there are none.
 */
export async function followResponse(
  { signal }: Pick<Request, 'signal'>,
  key: RunKey,
  after: number | undefined,
  context: RouteContext,
  docs: DocLink | undefined,
): Promise<Response> {
  const { runs } = context.responses
  if (!runs)
    throw noStream('this server stores no events; leave stream out to get the response itself.')
  const found = await runs.find(key)
  if (found === undefined) {
    const message =
      'stream: the events of this response are not stored: they are for an hour, and only with background: true. Leave stream out to get the response itself.'
    throw new ApiError(400, message, { code: 'events_not_kept', param: 'stream' })
  }
  if (context.isolates && found.run) {
    throw noStream(
      'the response is still running, and on this runtime only the request that started it can follow its events; retry when it has ended.',
    )
  }
  const { part } = found
  const from = after === undefined ? 0 : after + 1
  const { first, next } = part
  const mayComeYet = found.log === runs.shared && part.state === 'running'
  if (from < first || (from > next && !mayComeYet && !(await isLost(found, key, part)))) {
    const message = `starting_after: expected a number from ${first - 1} to ${next - 1}, the stored events, got ${from - 1}.`
    throw new ApiError(400, message, { code: 'invalid_value', param: 'starting_after' })
  }
  return followRun(found, { key, info: part.info, from, client: signal, docs }, context)
}

function noStream(reason: string): ApiError {
  return badRequest(`stream: expected false, got true: ${reason}`, 'stream')
}

/** Milliseconds for which an answer waits for another instance to stop what it runs, and between two looks. */
const STOPPING = { most: 1_000, step: 25 }

/** The response once the instance that runs it has stopped it, or as it is after a second. */
export async function untilStopped(
  key: RunKey,
  context: RouteContext,
  docs: DocLink | undefined,
): Promise<ResponseObject | undefined> {
  const { store } = context.responses
  const until = performance.now() + STOPPING.most
  while (performance.now() < until) {
    const part = await peekRun(key, context, docs)
    if (part?.state !== 'running') break
    await new Promise((resolve) => setTimeout(resolve, STOPPING.step))
  }
  const stored = await store.get(key.owner, key.id)
  return stored && currentResponse(key, stored.response, context, docs)
}

/**
 * The response as it is now, where the store has one that has not ended: only its first state and its end are
 * stored, and the instance that runs it may be gone.
 */
export async function currentResponse(
  key: RunKey,
  response: ResponseObject,
  context: RouteContext,
  docs: DocLink | undefined,
): Promise<ResponseObject> {
  const { runs, store } = context.responses
  if (runs?.shared === undefined || !isOpen(response)) return response
  const run = runs.get(key)
  if (run !== undefined) return run.options.response ?? response
  const part = await peekRun(key, context, docs)
  if (part === undefined) return response
  if (part.state === 'running') return part.next > WAITING ? inProgress(response) : response
  try {
    // Who has ended it may have failed to store that, or has stored it since.
    const isFailed = await isLost({ log: runs.shared }, key, part)
    const now = isFailed
      ? await runs.endLost(key, store, docs)
      : (await store.get(key.owner, key.id))?.response
    return now ?? response
  } catch {
    return response
  }
}

/** So many events come before the engine has begun: that there is the response, and that it waits. */
const WAITING = 2

function inProgress(response: ResponseObject): ResponseObject {
  return { ...response, status: 'in_progress' }
}
