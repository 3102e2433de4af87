/** Answers with the events of a run. */
import type { RunInfo, RunKey } from '../../state/run-log.ts'
import { SSE_HEADERS } from '../../stream/sse-response.ts'
import { transformWriter } from '../../stream/transform-writer.ts'
import type { DocLink } from '../../wire/errors/api-error.ts'
import type { RouteContext } from '../route.ts'
import { buryRun } from './bury-run.ts'
import { Follower } from './follower.ts'
import { heartbeatOf, instanceLost, isLost, lastEvent, streamDeleted } from './last-event.ts'
import type { FoundRun } from './runs.ts'

/** The header of an answer that says where it can be resumed. */
export const RESUME_HEADER = 'x-sluice-resume'

export interface Following {
  key: RunKey
  info: RunInfo
  /** The number of the first event that the client gets. */
  from: number
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
  /** Whether it is who asked for the answer. */
  isLive?: boolean
  /** Whether it may be told to go on at another instance. */
  mayMove?: boolean
  /** Where the code of an error is explained. */
  docs: DocLink | undefined
  /** Further headers. */
  headers?: Record<string, string>
}

/** Streams the events of a run: those that its log has, then new ones, to the end. */
export function followRun(found: FoundRun, asked: Following, context: RouteContext): Response {
  const { log, run, isShared } = found
  const { key, info, from, client, docs, isLive = false, mayMove = true } = asked
  const { ticker, settings, streaming, responses, telemetry } = context
  const registry = telemetry.metrics?.registry
  if (!isLive) {
    const isHere = log === responses.runs?.local
    registry?.count('sluice_streams_resumed_total', [isHere ? 'local' : 'shared'])
  }
  // Others get larger pieces, and fewer.
  const writer = isLive ? streaming.frameWriter() : transformWriter()
  const follower = new Follower({
    ...{ log, key, from, writer, ticker, client },
    heartbeat: settings.heartbeat,
    clientTimeout: settings.clientTimeout,
    beat: isLive ? undefined : heartbeatOf(info),
    mayMove: isShared && mayMove,
    isEventStream: info.api !== 'ollama',
    bury: (part) => buryRun(key, part, context, docs),
    async end(part) {
      if (info.api !== 'responses' || !isShared || !(await isLost(found, key, part))) return
      // Who has ended it may have failed to store that.
      await responses.runs?.endLost(key, responses.store, docs)
    },
    async lastEvent(part, number) {
      if (part === undefined) return lastEvent(key, info, streamDeleted(), { number, docs })
      if (!(await isLost(found, key, part))) return undefined
      const first = (await log.read(key, 0, true))?.frames[0]
      return lastEvent(key, info, instanceLost(), { number, first, docs })
    },
  })
  if (run === undefined) responses.runs?.addReader(follower)
  else run.add(follower)
  if (run && isLive) run.live = follower
  return writer.respond({ headers: headersOf(key, info, context, asked.headers) })
}

/** Where a run can be resumed. */
export function resumePath({ id }: RunKey, { basePath }: Pick<RouteContext, 'basePath'>): string {
  return `${basePath}/v1/streams/${id}`
}

/** The headers of a run's events. */
export function headersOf(
  key: RunKey,
  { contentType }: RunInfo,
  context: Pick<RouteContext, 'basePath'>,
  others: Record<string, string> = {},
): Record<string, string> {
  return {
    ...SSE_HEADERS,
    'content-type': contentType,
    ...others,
    [RESUME_HEADER]: resumePath(key, context),
  }
}
