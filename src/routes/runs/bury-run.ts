/** Ends what instances that are gone have left running. */
import type { RunKey, RunPart } from '../../state/run-log.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import type { DocLink } from '../../wire/errors/api-error.ts'
import type { RouteContext } from '../route.ts'

/** Milliseconds for which an answer waits for the shared log to tell of a run. */
const ASK = 1_000

/** Beyond the number of any event: only the state is read. */
const PAST_ALL = Number.MAX_SAFE_INTEGER

type Context = Pick<RouteContext, 'responses' | 'telemetry'>

/** Ends a run of the shared log whose producer is gone, and its stored response. */
export async function buryRun(
  key: RunKey,
  part: RunPart,
  { responses: { runs, store }, telemetry }: Context,
  docs?: DocLink,
): Promise<void> {
  const isMine = await runs?.bury(key, part, store, docs)
  if (isMine) telemetry.metrics?.registry.count('sluice_streams_buried_total', [])
}

/**
 * The run as the shared log has it, after it was ended there if its producer is gone. Undefined where there is
 * none, and where the log does not tell.
 */
export async function peekRun(
  key: RunKey,
  context: Context,
  docs?: DocLink,
): Promise<RunPart | undefined> {
  const shared = context.responses.runs?.shared
  if (shared === undefined) return undefined
  try {
    const peek = () => withTimeout(ASK, shared.read(key, PAST_ALL, true))
    const part = await peek()
    if (!part?.isOrphan) return part
    await buryRun(key, part, context, docs)
    return await peek()
  } catch {
    return undefined
  }
}
