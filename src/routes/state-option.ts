/** The option `state` of a handler: stores that a program brings itself. */
import { unexpected, unknownName } from '../settings/error.ts'
import type { LimitStore } from '../state/limit-store.ts'
import type { ResponseStore } from '../state/response-store.ts'
import type { RunLog } from '../state/run-log.ts'
import { isObject } from '../util/object.ts'
import { withReadDeadline } from './responses/read-deadline.ts'
import { memoryResponses, type StoredResponses } from './runs/runs.ts'

/** The stores for what later requests need. By default all of it is in memory. */
export interface StateOptions {
  /** How much of its limits each key or identity has used. */
  limits?: LimitStore
  /** Responses of the Responses API that a later request may name. */
  responses?: ResponseStore
  /** The events of streams that can be resumed, so that another instance can continue them. */
  runs?: RunLog
}

const limitMethods = ['take', 'settle', 'acquire', 'release'] satisfies (keyof LimitStore)[]
const stores = ['limits', 'responses', 'runs']
const runMethods = [
  ...(['open', 'append', 'read', 'stop', 'bury', 'delete', 'watch'] satisfies (keyof RunLog)[]),
]
const responseMethods = ['put', 'update', 'get', 'delete', 'item'] satisfies (keyof ResponseStore)[]

/** What it gives the host. Throws a `SettingsError`. */
export function readStateOption(value: unknown): {
  limits?: LimitStore
  responses?: StoredResponses
} {
  if (!isObject(value)) {
    throw unexpected('state', 'an object with limits, responses or runs', value)
  }
  for (const name of Object.keys(value)) {
    if (!stores.includes(name)) throw unknownName(`state.${name}`, name, stores, 'field')
  }
  const { limits, responses, runs } = value as StateOptions
  requireStore('state.limits', limits, limitMethods)
  requireStore('state.responses', responses, responseMethods)
  requireStore('state.runs', runs, runMethods)
  return {
    ...(limits && { limits }),
    ...((responses || runs) && {
      responses: {
        ...memoryResponses(runs),
        ...(responses && { store: withReadDeadline(responses) }),
      },
    }),
  }
}

function requireStore(name: string, store: unknown, methods: readonly string[]): void {
  if (store === undefined) return
  const missing = methods.find((method) => !isObject(store) || typeof store[method] !== 'function')
  if (missing === undefined) return
  throw unexpected(name, `an object with the methods ${methods.join(', ')}`, store)
}
