import type { ProcessExit } from '../../platform/process.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/** The code of an error for a server that could not be started; it says nothing of a request. */
export const START_FAILED = 'engine_start_failed'

/** The code of an error for what a server would have to be started for, and is not. */
export const NOT_STARTED = 'engine_stopped'

const SEE_OUTPUT =
  'its last output is in the terminal of sluice, and in GET /health for admins; correct its command or its model, then try again'

/** Why a server did not start, or ended by itself: `exited with code 1`, and what to do about it. */
export interface StartFailure {
  why: string
  advice: string
}

/** Never with the command, which may hold a secret. */
export function ended({ code, signal, error }: ProcessExit): StartFailure {
  if (error !== undefined) return couldNotRun(error)
  const why = code === null ? `was ended by ${signal ?? 'a signal'}` : `exited with code ${code}`
  return { why, advice: SEE_OUTPUT }
}

export function couldNotRun(error: string): StartFailure {
  return {
    why: `could not be run (${error})`,
    advice: 'correct its command (run) or its folder (cwd), then try again',
  }
}

export function tookTooLong(startTimeout: number): StartFailure {
  return {
    why: `was not ready within ${startTimeout / 1000} s (startTimeout), according to its health check`,
    advice:
      'its last output is in the terminal of sluice, and in GET /health for admins; raise startTimeout if it needs longer, or correct its command',
  }
}

/** `isOwn`: by another server that sluice started. */
export function portInUse(port: number, isOwn: boolean): StartFailure {
  const user = isOwn ? 'server that sluice started' : 'program'
  return {
    why: `found port ${port} in use by another ${user}`,
    advice: `stop that ${isOwn ? 'server' : 'program'}, or choose another port`,
  }
}

export function tookNoRequest(seconds: number): StartFailure {
  return {
    why: `took no request within ${seconds} s`,
    advice: 'its state is in GET /health for admins; try again',
  }
}

/** 503: why it did not start; `retryMs` until it is started again. */
export function startFailed(
  label: string,
  { why, advice }: StartFailure,
  retryMs: number,
): ApiError {
  return new ApiError(503, `${label} could not be started: it ${why}; ${advice}.`, {
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

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000))
}
