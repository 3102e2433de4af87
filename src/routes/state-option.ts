/** The option `state` of a handler: stores that a program brings itself. */
import { unexpected, unknownName } from '../settings/error.ts'
import { boundedLimits } from '../state/bounded-limits.ts'
import { formerLimits, isFormer, type LimitStore } from '../state/former-limits.ts'
import type { Limits } from '../state/limits.ts'
import type { ResponseStore } from '../state/response-store.ts'
import type { RunLog } from '../state/run-log.ts'
import { isObject } from '../util/object.ts'
import { readLimits, requireStore } from './code-options.ts'
import { withReadDeadline } from './responses/read-deadline.ts'
import { memoryResponses, type StoredResponses } from './runs/runs.ts'

/** The stores for what later requests need. By default all of it is in memory. */
export interface StateOptions {
  /**
   * How much of its limits each key or identity has used. A call that takes more than 5 seconds, or fails,
   * refuses its request with 503. A `LimitStore`, as it was in the last release, works for one more.
   */
  limits?: Limits | LimitStore
  /** Responses of the Responses API that a later request may name. */
  responses?: ResponseStore
  /** The events of streams that can be resumed, so that another instance can continue them. */
  runs?: RunLog
}

const stores = ['limits', 'responses', 'runs']
const runMethods = [
  ...(['open', 'append', 'read', 'stop', 'bury', 'delete', 'watch'] satisfies (keyof RunLog)[]),
]
const responseMethods = ['put', 'update', 'get', 'delete', 'item'] satisfies (keyof ResponseStore)[]

/** What it gives the host. Throws a `SettingsError`. */
export function readStateOption(value: unknown): {
  limits?: Limits
  responses?: StoredResponses
} {
  if (!isObject(value)) {
    throw unexpected('state', 'an object with limits, responses or runs', value)
  }
  for (const name of Object.keys(value)) {
    if (!stores.includes(name)) throw unknownName(`state.${name}`, name, stores, 'field')
  }
  const { limits, responses, runs } = value as StateOptions
  if (responses !== undefined) requireStore('state.responses', responses, responseMethods)
  if (runs !== undefined) requireStore('state.runs', runs, runMethods)
  return {
    ...(limits !== undefined && { limits: limitsOf(limits) }),
    ...((responses || runs) && {
      responses: {
        ...memoryResponses(runs),
        ...(responses && { store: withReadDeadline(responses) }),
      },
    }),
  }
}

function limitsOf(limits: Limits | LimitStore): Limits {
  if (isFormer(limits)) return boundedLimits(formerLimits(limits))
  return readLimits('state.limits', limits)
}
