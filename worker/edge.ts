import { PoolState } from '../src/engines/pool/pool-state.ts'
import { createCheckedHandler, type Handler } from '../src/handler.ts'
import type { Files } from '../src/platform/files.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { memoryResponses } from '../src/routes/runs/runs.ts'
import { warnOnce } from '../src/settings/deprecated.ts'
import { envInSteps, settingsFromEnv } from '../src/settings/environment.ts'
import { keepAsRead, parseSettings } from '../src/settings/settings.ts'
import { requireSupport } from '../src/settings/support.ts'
import { WORKERD_DEFAULTS } from '../src/settings/workerd-defaults.ts'
import { memoryLimits } from '../src/state/memory-limits.ts'
import { Telemetry } from '../src/telemetry/telemetry.ts'
import { terminalLine } from '../src/util/safe/terminal.ts'
import { inSlices } from '../src/util/slices.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'

type Served = Pick<Handler, 'fetch' | 'refresh'>

let handler: Served | undefined

/** The handler on workerd, Cloudflare's or your own. It reads the settings from `env` once. */
export default {
  fetch(request: Request, env: Record<string, unknown>, context?: unknown): Promise<Response> {
    return withErrorResponse((asked) => handlerOnce(env).fetch(asked, context))(request)
  },
}

/** For the process that runs workerd, never for clients: GET lists the engines, PUT sets the settings. */
export const control = {
  async fetch(request: Request, env: Record<string, unknown>): Promise<Response> {
    if (request.method === 'PUT') return replace(env, await request.json())
    return Response.json(await handlerOnce(env).refresh())
  },
}

/**
 * Replaces the settings. Running requests go on with the settings they began with, and are not held up
 * while the new ones are read. The caller waits for each answer, so that no two are read at once.
 */
async function replace(env: Record<string, unknown>, config: unknown): Promise<Response> {
  try {
    const given = await inSlices(envInSteps({ ...env, SLUICE_CONFIG: config }, warnOnce))
    keepAsRead(given)
    handler = makeHandler(env, given)
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

function handlerOnce(env: Record<string, unknown>): Served {
  handler ??= handlerOrRefusal(env)
  return handler
}

function handlerOrRefusal(env: Record<string, unknown>): Served {
  try {
    return makeHandler(env)
  } catch (error) {
    return refuseAll(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the binding by its new name, or by its former one, which works for one more release. */
function isMachine({ EXPOSURE, REACH }: Record<string, unknown>): boolean {
  if (EXPOSURE === undefined && REACH !== undefined)
    warnOnce('The binding REACH is deprecated: use EXPOSURE instead.')
  return (EXPOSURE ?? REACH) === 'machine'
}

/** Throws a `SettingsError`. */
function makeHandler(env: Record<string, unknown>, given = settingsFromEnv(env)): Served {
  const settings = parseSettings({ ...WORKERD_DEFAULTS, ...given })
  requireSupport(settings, 'worker')
  return createCheckedHandler(settings, {
    name: 'workerd',
    ...kept,
    // Set by `sluice` on this machine. A deployed worker lacks it, and anyone can reach it.
    exposure: isMachine(env) ? 'machine' : 'anyone',
    ...(isFetcher(env.ASSETS) && { files: filesOf(env.ASSETS) }),
    ...(settings.log !== 'none' && {
      log: (entry) => console.log(terminalLine(JSON.stringify(entry))),
    }),
  })
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
    const response = await assets.fetch(new Request(new URL(name, 'http://assets/')))
    return response.ok ? (response.body ?? undefined) : undefined
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
  return {
    fetch: async () => Response.json(error, { status: error.status }),
    refresh: async () => [],
  }
}
