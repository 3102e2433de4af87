import type { ProcessStatus } from '../engine.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { OutputTail } from './output.ts'

/** Lines of the last output in a status. */
const LINES = 40

interface Details {
  pid: number | undefined
  lastExit: string | undefined
  waiting: number
}

/** What admins see of a server. */
export function processStatus(
  { failures, since, state }: Lifecycle,
  output: OutputTail,
  { pid, lastExit, waiting }: Details,
  now: number,
): ProcessStatus {
  return {
    state,
    ...(since !== 0 && { forMs: Math.round(now - since) }),
    ...(pid !== undefined && { pid }),
    ...(failures > 0 && { failures }),
    ...(lastExit !== undefined && { lastExit }),
    waiting,
    output: output.lines(LINES),
  }
}
