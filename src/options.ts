/** What a program sets in code: the settings that a handler can honour, and what only code can give. */

import type { DefinedEngine } from './engines/custom/define-engine.ts'
import type { EngineSources } from './engines/engines.ts'
import type { Authenticate, Callers } from './guard/authenticate.ts'
import type { Fetch } from './platform/fetch.ts'
import type { Files } from './platform/files.ts'
import type { Host } from './platform/host.ts'
import type { LogEntry } from './platform/log.ts'
import { codeOptions, readLog } from './routes/code-options.ts'
import type { Elsewhere } from './routes/elsewhere.ts'
import type { StoredResponses } from './routes/runs/runs.ts'
import { readStateOption, type StateOptions } from './routes/state-option.ts'
import type { Place } from './settings/declaration.ts'
import { SettingsError, unexpected, unknownName } from './settings/error.ts'
import type { Key } from './settings/keys.ts'
import { declarationOf, type SettingsInput, settingNames } from './settings/settings.ts'
import { isDefault, unsupportedBy } from './settings/support.ts'
import type { DenoSetting, ServerSetting } from './settings/table/table.ts'
import type { Limits } from './state/limits.ts'
import type { StateStatus } from './state/state-status.ts'
import type { TabHub } from './tabs/hub.ts'
import type { Pairings } from './tabs/pairings.ts'
import type { RequestTelemetry } from './telemetry/request-telemetry.ts'
import type { SpanTracer } from './telemetry/traces/tracer.ts'
import { isObject } from './util/object.ts'

/** What watches requests, besides the log. */
export interface TelemetryOptions {
  /**
   * Records a span for each request, and below it one for each attempt to have it answered: a tracer of
   * `@opentelemetry/api`, such as `trace.getTracer('my-app')`. By default that of the SDK that is
   * registered, if there is one; else sluice sends its spans itself, where `otlpEndpoint` says where to.
   */
  tracer?: SpanTracer
}

/**
 * What `createHandler` takes: settings, as a settings file has them, and what only code can give.
 * Times are milliseconds or texts such as `10s`, sizes bytes or texts such as `20MB`.
 */
export interface HandlerOptions extends Omit<SettingsInput, ServerSetting | DenoSetting | 'log'> {
  /** Your own engines, made by `defineEngine`. They are asked before upstreams with the same model. */
  engines?: readonly DefinedEngine[]
  /** Identifies the caller of a request, instead of API keys or in addition to them. */
  authenticate?: Authenticate
  /**
   * The path below which clients find the API: `/ai` for `/ai/v1/chat/completions`. Requests are
   * answered with this prefix, and also if a router has already removed it from the path.
   */
  basePath?: string
  /**
   * Where state is stored; in memory by default. A URL, as `SLUICE_STATE` has it, is for `serve` alone: what
   * holds the connection has to close it.
   */
  state?: StateOptions | string
  /** What watches requests, besides the log. */
  telemetry?: TelemetryOptions
  /** Makes the requests to upstreams; the global `fetch` by default. */
  fetch?: Fetch
  /** The bytes of the files of the page at `/`; without it, a page that lists engines and models. */
  files?: Files
  /**
   * Called once per request, when it has ended. `json` writes each entry to the console, as one
   * line. Nothing is logged by default.
   */
  log?: ((entry: LogEntry) => void) | 'json' | 'none'
}

/** What `serve` takes: what a handler does, and what only a server has. */
export interface ServerOptions
  extends Omit<HandlerOptions, 'log'>,
    Pick<SettingsInput, Exclude<ServerSetting, 'state'>> {
  /**
   * Called once per request, when it has ended. `text` and `json` write each entry to standard
   * output, as one line; `auto` chooses `text` for a terminal. Nothing is logged by default.
   */
  log?: ((entry: LogEntry) => void) | 'auto' | 'text' | 'json' | 'none'
}

/** What `serve` takes on Deno, which can also run models on this computer's GPU. */
export interface DenoServerOptions extends ServerOptions, Pick<SettingsInput, DenoSetting> {}

/** What a host provides, and what a handler shares with the one that replaces it. */
export interface HandlerHost extends Host, EngineSources {
  /** The store for rate limits; in memory by default. */
  limits?: Limits
  /** The stored responses, and those that run in the background; in memory by default. */
  responses?: StoredResponses
  /** What watches requests. */
  telemetry?: RequestTelemetry
  /** The browser tabs that answer requests. */
  tabs?: TabHub
  /** Called with what people should know of tabs: that one has joined or left. */
  onTabEvent?: ((text: string) => void) | undefined
  /** The pairings that are open, and the keys that came of them since the settings were read, by their hashes. */
  pairings?: Pairings
  paired?: Map<string, Key>
  /** Adds a key to the settings file. Resolves with whether there is one. */
  saveKey?: (key: Key) => Promise<boolean>
  /** Forgets a key that was saved elsewhere than in the settings. */
  dropKey?: (key: Key) => Promise<void>
  /** Records spans, instead of the SDK that is registered, or of sluice itself. */
  tracer?: SpanTracer
  authenticate?: Authenticate
  /** Those whom that function identifies. */
  callers?: Callers
  basePath?: string
  /** The id of this instance, kept when the settings are reloaded; a random one by default. */
  instance?: string
  /** What `/health` tells of the shared state; by default that it is in memory. */
  stateStatus?: () => StateStatus
  /** Whether load balancers are to send no more requests, although the handler still answers them. */
  isLeaving?: () => boolean
  /** Answers what is to be answered elsewhere. */
  elsewhere?: Elsewhere
}

/** The options, split into settings and the rest. */
export interface ReadOptions {
  settings: SettingsInput
  host: HandlerHost
}

/** The function that was called, and the settings that it can't honour, each with what to do instead. */
interface OptionsReader {
  name: 'createHandler' | 'serve'
  refused: Readonly<Record<string, string>>
}

const OF_SERVE =
  'it is an option of serve(), from @sluice/sluice/bun, @sluice/sluice/deno and @sluice/sluice/node'
const OF_WORKERD = 'it is an option of the command sluice on workerd'
const OF_DENO =
  'models run on the GPU only on Deno: it is an option of serve() from @sluice/sluice/deno'

/** Without a server of its own. */
const handlerReader: OptionsReader = { name: 'createHandler', refused: refusedBy('code') }

/** A server on one of the runtimes. */
export function serverReader(place: Place): OptionsReader {
  return { name: 'serve', refused: refusedBy(place) }
}

function refusedBy(place: Place): Readonly<Record<string, string>> {
  return Object.fromEntries(unsupportedBy(place).map(([name, where]) => [name, ownerOf(where)]))
}

function ownerOf(where: readonly Place[]): string {
  if (where.every((each) => each === 'deno')) return OF_DENO
  return where.every((each) => each === 'workerd') ? OF_WORKERD : OF_SERVE
}

/** The options in their parts, checked as far as they are no settings. Throws a `SettingsError`. */
export function readOptions(options: object, reader: OptionsReader): ReadOptions {
  if (!isObject(options)) throw unexpected(reader.name, 'an object with options', options)
  const settings: Record<string, unknown> = {}
  const host: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    // A URL is a setting, of servers alone.
    const isStores = name === 'state' && isObject(value)
    const isRefused = Object.hasOwn(reader.refused, name) && !isStores
    const why = isRefused ? reader.refused[name] : undefined
    if (why !== undefined) {
      if (!isAskedFor(name, value, options)) continue
      throw new SettingsError(
        `${name}: ${reader.name} can't honour this option; ${why}. Leave it out, and out of the environment where settingsFromEnv reads it.`,
      )
    }
    const isOption =
      Object.hasOwn(readers, name) && !(name === 'state' && typeof value === 'string')
    if (isOption) Object.assign(host, readers[name as CodeOption](value))
    else if (name === 'log' && typeof value === 'function') host.log = value
    else if (declarationOf(name)) settings[name] = value
    else throw unknownOption(name, reader)
  }
  return { settings, host }
}

/**
 * Whether an option that can't be honoured asks for something: what is off or the default does not.
 * Settings that `parseSettings` completed have `discover: true` where they name no servers.
 */
function isAskedFor(name: string, value: unknown, options: Record<string, unknown>): boolean {
  if (value === false || isDefault(name, value)) return false
  const namesServers = [options.upstream, options.engine].some(
    (list) => !Array.isArray(list) || list.length > 0,
  )
  return name !== 'discover' || namesServers
}

/** Where to write what was written as an option; of `Host` at first, which `createHandler` took. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  limits: 'write it as state: { limits }',
  responses: 'write it as state: { responses }',
  reach:
    'only a host tells who can reach it, as exposure; sluice assumes that anyone can, so leave it out',
  exposure: 'only a host tells who can reach it; sluice assumes that anyone can, so leave it out',
}

function unknownOption(name: string, reader: OptionsReader): SettingsError {
  if (Object.hasOwn(ELSEWHERE, name)) {
    return new SettingsError(`${name}: ${reader.name} has no such option; ${ELSEWHERE[name]}.`)
  }
  return unknownName(name, name, [...settingNames(), ...Object.keys(readers)], 'option')
}

/** What `createHandler` was given, in its parts. Throws a `SettingsError`. */
export function readHandlerOptions(options: object): ReadOptions {
  const { settings, host } = readOptions(options, handlerReader)
  const { log = 'auto', ...rest } = settings
  return { settings: { ...rest, discover: false }, host: { ...readLog(log), ...host } }
}

type CodeOption = keyof typeof codeOptions | 'state' | 'telemetry'

/** What each option gives the host. Each throws a `SettingsError`. */
const readers: Record<CodeOption, (value: unknown) => HandlerHost> = {
  ...codeOptions,
  telemetry(value) {
    if (!isObject(value)) throw unexpected('telemetry', 'an object with tracer', value)
    for (const name of Object.keys(value)) {
      if (name !== 'tracer') throw unknownName(`telemetry.${name}`, name, ['tracer'], 'field')
    }
    const { tracer } = value
    if (tracer === undefined) return {}
    if (isObject(tracer) && typeof tracer.startSpan === 'function')
      return { tracer: tracer as never }
    throw unexpected('telemetry.tracer', 'a tracer of @opentelemetry/api', tracer)
  },
  state: readStateOption,
}
