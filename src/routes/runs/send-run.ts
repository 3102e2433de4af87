/** Sends an answer that can be resumed. */
import type { RunApi, RunInfo, RunKey } from '../../state/run-log.ts'
import type { AnyContract, OpenedStream } from '../../stream/chat-stream.ts'
import type { Exchange } from '../../stream/exchange.ts'
import {
  SSE_HEADERS,
  type StreamEncoder,
  type StreamSettings,
  writeStream,
} from '../../stream/sse-response.ts'
import { safeHeaders } from '../../util/safe/headers.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import type { RouteContext } from '../route.ts'
import { followRun, RESUME_HEADER, resumePath } from './follow.ts'
import type { Run, RunOptions } from './run.ts'
import type { Runs } from './runs.ts'
import { newId } from './stream-id.ts'

/** What is known of an answer before its engine is asked. */
export interface RunPlan {
  api: RunApi
  owner: string
  /** The id of the response, where the API gives it one. */
  id?: string | undefined
  /** Whether the client asked for the number of each event: it knows how to resume. */
  hasIds: boolean
  isBackground: boolean
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
  lastWords?: (() => string) | undefined
  response?: RunOptions['response']
}

/** The least milliseconds for which responses in the background can be read after their end. */
const BACKGROUND_KEPT = 60 * 60_000

/** Bytes of events that are stored of one run: some 15,000 tokens. */
const LOG_BYTES = 4 * 1024 * 1024

/**
 * Answers with a stream that goes on without its client. Rejects with an `ApiError` before the headers are
 * sent, as `streamResponse` does. `detach` is called when the client's disconnect does not end it any more.
 */
export async function sendRun(
  exchange: Exchange,
  opening: Promise<OpenedStream<AnyContract>>,
  encoder: StreamEncoder<AnyContract>,
  settings: StreamSettings,
  plan: RunPlan & { detach(): void },
  context: RouteContext,
  runs: Runs,
): Promise<Response> {
  exchange.isStream = true
  opening.catch(() => {})
  const early = await exchange.untilEnd(withTimeout(settings.headerWait, opening))
  plan.detach()
  const run = beginRun(exchange, encoder, plan, context, runs)
  const headers = safeHeaders(early?.stream.headers)
  const response = followLive(run, plan, context, runs, headers)
  writeStream(exchange, opening, encoder, settings, run.body, early !== undefined)
  return response
}

/** Answers with a run that begins before its engine has answered; `json` is what is sent instead of events. */
export function answerRun(
  exchange: Exchange,
  opening: Promise<OpenedStream<AnyContract>>,
  encoder: StreamEncoder<AnyContract>,
  settings: StreamSettings,
  plan: RunPlan & { json?: (() => Response) | undefined },
  context: RouteContext,
  runs: Runs,
): Response {
  const run = beginRun(exchange, encoder, plan, context, runs)
  const response = plan.json?.() ?? followLive(run, plan, context, runs)
  response.headers.set(RESUME_HEADER, resumePath(run.options.key, context))
  writeStream(exchange, opening, encoder, settings, run.body)
  return response
}

/** Begins the log of a run; whoever calls it writes into its `body`. */
function beginRun(
  exchange: Exchange,
  { contentType = SSE_HEADERS['content-type'] }: Pick<StreamEncoder, 'contentType'>,
  { api, owner, hasIds, isBackground, lastWords, response, id }: RunPlan,
  { settings, ticker, isolates, instance, telemetry }: RouteContext,
  runs: Runs,
): Run {
  const key: RunKey = { owner, id: id ?? runs.id ?? newId('strm') }
  const isEventStream = api !== 'ollama'
  const info: RunInfo = {
    ...{ api, contentType, isBackground, instance: instance() },
    // A line of JSON has no place for a number.
    hasIds: hasIds && isEventStream,
  }
  const registry = telemetry.metrics?.registry
  const countsLines = hasIds && !isEventStream
  const keepMs = isBackground ? Math.max(BACKGROUND_KEPT, settings.streamTtl) : settings.streamTtl
  return runs.begin({
    ...{ key, info, exchange, ticker, isolates, lastWords, response, countsLines },
    limits: { bytes: LOG_BYTES, keepMs },
    grace: isBackground ? Number.POSITIVE_INFINITY : settings.resumeGrace,
    onEnd: (state) => registry?.count('sluice_streams_ended_total', [state]),
    onStored: (lag) => registry?.histogram('sluice_streams_stored_seconds', []).observe(lag / 1000),
  })
}

/** The response for who asked, from the first event on. */
function followLive(
  run: Run,
  { client, hasIds: mayMove }: Pick<RunPlan, 'client' | 'hasIds'>,
  context: RouteContext,
  { local, shared }: Runs,
  headers: Record<string, string> = {},
): Response {
  const { key, info } = run.options
  const found = { log: local, run, isShared: shared !== undefined }
  const live = {
    key,
    info,
    from: 0,
    client,
    isLive: true,
    mayMove,
    headers,
    docs: run.options.exchange.docs,
  }
  return followRun(found, live, context)
}
