/** The handler with all parts, which routes/table.ts lists. */
import { createComposedHandler, type Handler, type PlacedHandler } from './composed-handler.ts'
import { callersOf } from './guard/authenticate.ts'
import { type HandlerHost, type HandlerOptions, readHandlerOptions } from './options.ts'
import type { Fetch } from './platform/fetch.ts'
import type { Files } from './platform/files.ts'
import type { LogEntry } from './platform/log.ts'
import { isWorkerd } from './platform/runtime.ts'
import { compose } from './routes/parts/compose.ts'
import { allParts } from './routes/table.ts'
import { warnOnce } from './settings/deprecated.ts'
import { parseSettings, type Settings, type SettingsInput } from './settings/settings.ts'
import { WORKERD_DEFAULTS } from './settings/workerd-defaults.ts'
import { boundedLimits } from './state/bounded-limits.ts'
import { formerLimits, type LimitStore } from './state/former-limits.ts'

export type { Handler, PlacedHandler } from './composed-handler.ts'

const everything = compose(allParts)

/** @deprecated Give one argument: `createHandler({ ...settings, engines, log })`. */
export function createHandler(settings: SettingsInput, host: FormerHost): Handler
/**
 * Makes the handler that serves the OpenAI and Anthropic APIs, for any program that can answer a
 * `Request` with a `Response`. Nothing runs until the first request. Throws a `SettingsError` for an
 * option that is wrong, that there is not, or that only a server can honour.
 *
 * Anyone is taken to be able to reach it: without `keys`, `authenticate` or `insecure: true` it refuses
 * every request. `serve` from `@sluice/sluice/bun`, `@sluice/sluice/deno` or `@sluice/sluice/node` also listens on a port.
 *
 * @example
 * const handler = createHandler({
 *   upstream: ['http://127.0.0.1:11434/v1'],
 *   authenticate: (request) => {
 *     const name = request.headers.get('x-user')
 *     return name ? { name, requestsPerMinute: 60 } : undefined
 *   },
 * })
 * const response = await handler.fetch(new Request('http://localhost/v1/models'))
 * console.log(response.status) // 401
 */
export function createHandler(options?: HandlerOptions): Handler
export function createHandler(options: object = {}, former?: FormerHost): Handler {
  if (former !== undefined) return createAsFormerly(options, former)
  const { settings, host } = readHandlerOptions(options)
  return createHostedHandler(settings, host)
}

/**
 * The second argument that `createHandler` had; it works for one release.
 *
 * @deprecated Write what it has as options of `createHandler`.
 */
export interface FormerHost {
  name?: string
  engines?: readonly object[]
  fetch?: Fetch
  files?: Files
  /** Who can reach the handler; anyone by default. */
  reach?: 'machine' | 'page' | 'anyone'
  log?: (entry: LogEntry) => void
  limits?: LimitStore
  responses?: object
  isolateRequests?: boolean
}

/** How it was called before it had options of its own: this works for one release. */
function createAsFormerly(settings: SettingsInput, { reach, ...host }: FormerHost): Handler {
  warnOnce(
    'createHandler(settings, host) is deprecated: put engines, files, fetch, log, limits and responses into its one argument, the last two as state.limits and state.responses.',
  )
  const { limits } = host
  const lent = {
    ...(reach && { exposure: reach }),
    ...host,
    ...(limits && { limits: boundedLimits(formerLimits(limits)) }),
  }
  return createHostedHandler(settings, lent as HandlerHost)
}

/** The same for a host. Throws a `SettingsError`. Nothing runs until the first request. */
export function createHostedHandler(input: SettingsInput = {}, host: HandlerHost = {}): Handler {
  return createCheckedHandler(
    parseSettings(isWorkerd() ? { ...WORKERD_DEFAULTS, ...input } : input),
    host,
  )
}

/** The same for settings that `parseSettings` has checked. */
export function createCheckedHandler(settings: Settings, host: HandlerHost): PlacedHandler {
  return createComposedHandler(everything, settings, { ...host, ...callersOf(host) })
}
