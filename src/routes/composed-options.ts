/** What only code can give a handler that is composed of some parts. */
import type { DefinedEngine } from '../engines/custom/define-engine.ts'
import type { Engine } from '../engines/engine.ts'
import type { Authenticate } from '../guard/authenticate.ts'
import type { Fetch } from '../platform/fetch.ts'
import type { Files } from '../platform/files.ts'
import type { LogEntry } from '../platform/log.ts'
import { unexpected, unknownName } from '../settings/error.ts'
import type { Limits } from '../state/limits.ts'
import { isObject } from '../util/object.ts'
import { codeOptions, readLimits, requireFunction } from './code-options.ts'

/** What only code can give a composed handler. */
export interface ComposedOptions {
  /** Your own engines, made by `defineEngine`. They are asked before upstreams with the same model. */
  engines?: readonly DefinedEngine[]
  /** Identifies the caller of a request, instead of API keys or in addition to them. */
  authenticate?: Authenticate
  /** The path below which clients find the API, as in `createHandler`. */
  basePath?: string
  /** Makes the requests to upstreams; the global `fetch` by default. */
  fetch?: Fetch
  /** The bytes of the files of the page at `/`; without it, a page that lists engines and models. */
  files?: Files
  /** How much of its limits each key or identity has used, as `state.limits` of `createHandler`; in memory by default. */
  limits?: Limits
  /** Called once per request, when it has ended. The setting `log` can have entries written as JSON instead. */
  log?: (entry: LogEntry) => void
}

/** The options, read. */
interface ComposedHost extends Omit<ComposedOptions, 'engines'> {
  engines?: readonly (DefinedEngine & Engine)[]
}

const readers: Record<keyof ComposedOptions, (value: unknown) => ComposedHost> = {
  ...codeOptions,
  limits: (value) => ({ limits: readLimits('limits', value) }),
  log: (value) => ({ log: requireFunction('log', value) as (entry: LogEntry) => void }),
}

/** What the options give the host. Throws a `SettingsError`. */
export function readComposedOptions(options: ComposedOptions): ComposedHost {
  if (!isObject(options)) throw unexpected('options', 'an object', options)
  const host: ComposedHost = {}
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!isOption(name)) throw unknownName(name, name, Object.keys(readers), 'option')
    Object.assign(host, readers[name](value))
  }
  return host
}

function isOption(name: string): name is keyof ComposedOptions {
  return Object.hasOwn(readers, name)
}
