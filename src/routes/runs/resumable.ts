import type { RunApi } from '../../state/run-log.ts'
import type { Resuming, RouteContext } from '../route.ts'
import type { SendStream, StreamAnswering } from '../stream-answering.ts'
import { resumeOf } from './resume.ts'
import type { Resume } from './resuming.ts'

/** Sends a stream that can be resumed. Its code is loaded when one is first asked for. */
function resumable(
  resume: Resume & { api: RunApi },
  { id, lastWords }: Pick<StreamAnswering, 'id' | 'lastWords'>,
  context: RouteContext,
): SendStream {
  return async (exchange, opening, encoder, streaming) => {
    opening.catch(() => {})
    const { sendRun } = await import('./send-run.ts')
    const plan = { ...resume, id, lastWords, isBackground: false }
    return sendRun(exchange, opening, encoder, streaming, plan, context, resume.runs)
  }
}

/** What a handler does whose streams can be resumed. */
export const resuming: Resuming = { resumeOf, resumable }
