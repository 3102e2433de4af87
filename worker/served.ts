/** The handler of the worker, which its objects serve with too. */
import { PoolState } from '../src/engines/pool/pool-state.ts'
import { createCheckedHandler, type PlacedHandler } from '../src/handler.ts'
import type { HandlerHost } from '../src/options.ts'
import type { Files } from '../src/platform/files.ts'
import { memoryResponses } from '../src/routes/runs/runs.ts'
import { warnOnce } from '../src/settings/deprecated.ts'
import { envInSteps, settingsFromEnv } from '../src/settings/environment.ts'
import {
  keepAsRead,
  parseSettings,
  type Settings,
  type SettingsInput,
} from '../src/settings/settings.ts'
import { requireSupport } from '../src/settings/support.ts'
import { WORKERD_DEFAULTS } from '../src/settings/workerd-defaults.ts'
import { memoryLimits } from '../src/state/memory-limits.ts'
import type { ResponseStore } from '../src/state/response-store.ts'
import { memoryStatus, type StateStatus } from '../src/state/state-status.ts'
import { Telemetry } from '../src/telemetry/telemetry.ts'
import { terminalLine } from '../src/util/safe/terminal.ts'
import { inSlices } from '../src/util/slices.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import { inObjects } from './objects/forward.ts'
import { objectLimits } from './objects/object-limits.ts'
import { isNamespace } from './objects/platform.ts'
import { objectResponseStore } from './objects/stored-responses.ts'

export type Served = Pick<PlacedHandler, 'fetch' | 'refresh' | 'within' | 'isKnown'>

/** The bindings of the worker. */
export type Bindings = Record<string, unknown>

let handler: Served | undefined

/** The settings that replaced those of the environment. */
let replaced: SettingsInput | undefined

/**
 * Replaces the settings. Running requests go on with the settings they began with, and are not held up
 * while the new ones are read. The caller waits for each answer, so that no two are read at once.
 */
export async function replace(env: Bindings, config: unknown): Promise<Response> {
  try {
    const given = await inSlices(envInSteps({ ...env, SLUICE_CONFIG: config }, warnOnce))
    keepAsRead(given)
    handler = makeHandler(env, given)
    replaced = given
    return Response.json({})
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 400 })
  }
}

/** Kept when the settings are replaced, as on a server: see `ReloadableHandler`. */
const kept = {
  limits: memoryLimits(),
  responses: memoryResponses(),
  seen: new Map(),
  finishes: new Map(),
  pool: new PoolState(true),
  telemetry: new Telemetry(),
}

/** Reads the settings from `env`, once. */
export function handlerOnce(env: Bindings): Served {
  handler ??= handlerOrRefusal(env)
  return handler
}

/** How many instances of the worker there are, none of them knows. */
const OBJECTS: StateStatus = { kind: 'objects', status: 'connected', instances: 1 }

/**
 * A handler with the settings in force, for a place that has more of its own than runs: `place` returns that.
 */
export function handlerFor(env: Bindings, place: (settings: Settings) => HandlerHost): Served {
  return handlerOrRefusal(env, place)
}

function handlerOrRefusal(env: Bindings, place?: (settings: Settings) => HandlerHost): Served {
  try {
    return makeHandler(env, replaced, place)
  } catch (error) {
    return refuseAll(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the binding by its new name, or by its former one, which works for one more release. */
function isMachine({ EXPOSURE, REACH }: Bindings): boolean {
  if (EXPOSURE === undefined && REACH !== undefined)
    warnOnce('The binding REACH is deprecated: use EXPOSURE instead.')
  return (EXPOSURE ?? REACH) === 'machine'
}

/** Milliseconds for which tabs gather what they say on Cloudflare, where each request is billed. */
const CLOUDFLARE_GATHER = 250

/** Whether `sluice` has started this workerd, and nobody bills its requests. */
export function isOwn({ EXPOSURE, REACH }: Bindings): boolean {
  return (EXPOSURE ?? REACH) !== undefined
}

/** Throws a `SettingsError`. */
function makeHandler(
  env: Bindings,
  given = settingsFromEnv(env),
  place?: (settings: Settings) => HandlerHost,
): Served {
  const tabGather = isOwn(env) ? 0 : CLOUDFLARE_GATHER
  const settings = parseSettings({ ...WORKERD_DEFAULTS, tabGather, ...given })
  requireSupport(settings, 'worker')
  return createCheckedHandler(settings, {
    name: 'workerd',
    ...kept,
    ...(isNamespace(env.KEY_LIMITS) && { limits: objectLimits(env.KEY_LIMITS) }),
    responses: { ...kept.responses, store: responseStore(env) },
    stateStatus: () => (isNamespace(env.KEY_LIMITS) ? OBJECTS : memoryStatus),
    // Set by `sluice` on this machine. A deployed worker lacks it, and anyone can reach it.
    exposure: isMachine(env) ? 'machine' : 'anyone',
    ...(isFetcher(env.ASSETS) && { files: filesOf(env.ASSETS) }),
    ...(settings.log !== 'none' && {
      log: (entry) => console.log(terminalLine(JSON.stringify(entry))),
    }),
    ...(isNamespace(env.STREAM_RUNS) && { elsewhere: inObjects(env.STREAM_RUNS) }),
    ...place?.(settings),
  })
}

/** Where responses are stored: in objects, or in this instance's memory. */
export function responseStore({ STORED_RESPONSES: responses }: Bindings): ResponseStore {
  return isNamespace(responses) ? objectResponseStore(responses) : kept.responses.store
}

/** The binding of the page's files, where they were deployed with the worker. */
interface Fetcher {
  fetch(request: Request): Promise<Response>
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === 'object' && value !== null && 'fetch' in value
}

function filesOf(assets: Fetcher): Files {
  return async (name) => {
    const request = new Request(new URL(name, 'http://assets/'))
    // `npm start` lends the page from a process of its own, which may have ended.
    const response = await assets.fetch(request).catch(() => undefined)
    return response?.ok ? (response.body ?? undefined) : undefined
  }
}

/** Answers every request with 503. Only the log has the whole message, which may quote a secret. */
function refuseAll(message: string): Served {
  console.error(`sluice: ${terminalLine(message)}`)
  const setting = /^[\w: ]+(?=: )/.exec(message)?.[0] ?? 'named in the log'
  const error = new ApiError(
    503,
    `sluice cannot answer: the setting ${setting} is wrong; see its log for what is expected.`,
    {
      code: 'settings_invalid',
    },
  )
  const fetch = async () => Response.json(error, { status: error.status })
  return {
    fetch,
    refresh: async () => [],
    within: () => ({ fetch }),
    isKnown: async () => false,
  }
}
