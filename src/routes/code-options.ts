/** What only code can give a handler, whichever parts it has. Each reader throws a `SettingsError`. */
import { type DefinedEngine, isDefinedEngine } from '../engines/custom/define-engine.ts'
import type { Engine } from '../engines/engine.ts'
import type { Authenticate } from '../guard/authenticate.ts'
import type { Fetch } from '../platform/fetch.ts'
import type { Files } from '../platform/files.ts'
import type { LogEntry } from '../platform/log.ts'
import { readBasePath } from '../settings/base-path.ts'
import { unexpected } from '../settings/error.ts'
import { boundedLimits } from '../state/bounded-limits.ts'
import type { Limits } from '../state/limits.ts'
import { isObject } from '../util/object.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** What each option gives the host. */
export const codeOptions = {
  engines(value: unknown) {
    if (!Array.isArray(value) || !value.every(isEngine)) {
      throw notMade(value)
    }
    const labels = value.map(({ label }) => label)
    const twice = labels.find((label, index) => labels.indexOf(label) !== index)
    if (twice !== undefined) throw unexpected('engines', 'a label that is not taken', twice)
    return { engines: value }
  },
  authenticate: (value: unknown) => ({
    authenticate: requireFunction('authenticate', value) as Authenticate,
  }),
  fetch: (value: unknown) => ({ fetch: requireFunction('fetch', value) as Fetch }),
  files: (value: unknown) => ({ files: requireFunction('files', value) as Files }),
  basePath: (value: unknown) => ({ basePath: readBasePath(value) }),
}

/** Where log entries go by the setting `log`: a program that has no terminal of its own writes JSON or nothing. */
export function readLog(log: unknown): { log?: (entry: LogEntry) => void } {
  if (log === 'json') return { log: (entry) => console.log(terminalLine(JSON.stringify(entry))) }
  // Complete settings have `auto` as the default, which no one asked for.
  if (log === 'none' || log === 'auto') return {}
  throw unexpected('log', 'a function, "json" or "none"', log)
}

export function requireFunction(name: string, value: unknown): unknown {
  if (typeof value === 'function') return value
  throw unexpected(name, 'a function', value)
}

const limitMethods = ['admit', 'renew', 'advance', 'settle', 'levels'] satisfies (keyof Limits)[]

/** A store of limits that a program brings itself. */
export function readLimits(name: string, store: unknown): Limits {
  requireStore(name, store, limitMethods)
  return boundedLimits(store as Limits)
}

export function requireStore(name: string, store: unknown, methods: readonly string[]): void {
  const missing = methods.find((method) => !isObject(store) || typeof store[method] !== 'function')
  if (missing === undefined) return
  throw unexpected(name, `an object with the methods ${methods.join(', ')}`, store)
}

function isEngine(value: unknown): value is DefinedEngine & Engine {
  return isDefinedEngine(value)
}

function notMade(value: unknown): Error {
  const wrong = Array.isArray(value) ? value.findIndex((each) => !isDefinedEngine(each)) : -1
  if (wrong === -1) {
    return unexpected('engines', 'engines in an array, each made by defineEngine', value)
  }
  const given: unknown = Array.isArray(value) ? value[wrong] : value
  return unexpected(`engines[${wrong}]`, 'an engine that was made by defineEngine', given)
}
