import type { ProcessExit } from '../../platform/process.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/** The code of an error for a server that could not be started; it says nothing of a request. */
export const START_FAILED = 'engine_start_failed'

/** The code of an error for what a server would have to be started for, and is not. */
export const NOT_STARTED = 'engine_stopped'

const ADVICE =
  'its last output is in the terminal of sluice, and in GET /health for admins; correct its command or its model, then try again'

/** 503: `why` it did not start, as `exited with code 1`; `retryMs` until it is started again. */
export function startFailed(label: string, why: string, retryMs: number): ApiError {
  return new ApiError(503, `${label} could not be started: it ${why}; ${ADVICE}.`, {
    code: START_FAILED,
    headers: { 'retry-after': seconds(Math.max(retryMs, 5_000)) },
  })
}

/** 503: tokens are counted by a server that runs only. */
export function notStarted(label: string): ApiError {
  const message = `${label} does not run now, and counting tokens does not start it; count again once it has answered a request.`
  return new ApiError(503, message, { code: NOT_STARTED, headers: { 'retry-after': '30' } })
}

/** 503: there was no memory for it in time. */
export function memoryBusy(label: string, waitedMs: number): ApiError {
  const message = `${label} could not be started: within ${seconds(waitedMs)} s the servers that use the memory did not become idle (memoryBudget, startTimeout); try again later.`
  return new ApiError(503, message, { code: 'engine_busy', headers: { 'retry-after': '30' } })
}

/** 503: as many requests wait for its start as may wait in a queue. */
export function tooManyWait(label: string, limit: number): ApiError {
  const message = `${label} is being started, and ${limit} requests wait for it already, the limit set by --queue; try again in a few seconds.`
  return new ApiError(503, message, { code: 'engine_busy', headers: { 'retry-after': '10' } })
}

/** 503: sluice itself ends, and starts nothing any more. */
export function shutDown(label: string): ApiError {
  return new ApiError(503, `${label} is not started: sluice is shutting down; try again later.`, {
    code: 'shutting_down',
    headers: { 'retry-after': '5' },
  })
}

/** `exited with code 1`; never the command, which may hold a secret. */
export function exitText({ code, signal, error }: ProcessExit): string {
  if (error !== undefined) return `could not be run (${error})`
  if (code === null) return `was ended by ${signal ?? 'a signal'}`
  return `exited with code ${code}`
}

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000))
}
