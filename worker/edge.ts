import { createHostedHandler, type Handler } from '../src/handler.ts'
import type { Files } from '../src/platform/files.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { settingsFromEnv } from '../src/settings/environment.ts'
import { parseSettings } from '../src/settings/settings.ts'
import { memoryLimits } from '../src/state/limit-store.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'

/** What workerd learns of a client that left it learns by writing: a heartbeat bounds that time. */
const heartbeat = 2_000

type Served = Pick<Handler, 'fetch' | 'refresh'>

let handler: Served | undefined

/** The handler on workerd, Cloudflare's or your own; settings come from `env`, once. */
export default {
  fetch(request: Request, env: Record<string, unknown>, context?: unknown): Promise<Response> {
    return withErrorResponse((asked) => once(env).fetch(asked, context))(request)
  },
}

/** For whoever runs the worker, never for clients: what the engines serve now, and other settings. */
export const control = {
  async fetch(request: Request, env: Record<string, unknown>): Promise<Response> {
    if (request.method === 'PUT') return replace(env, await request.text())
    return Response.json(await once(env).refresh())
  },
}

/** Serves by other settings from now on; a request that runs goes on by those it began with. */
function replace(env: Record<string, unknown>, config: string): Response {
  try {
    handler = make({ ...env, SLUICE_CONFIG: config })
    return Response.json({})
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 400 })
  }
}

/** What keys have used is not forgotten with the settings. */
const limits = memoryLimits()

function once(env: Record<string, unknown>): Served {
  handler ??= build(env)
  return handler
}

function build(env: Record<string, unknown>): Served {
  try {
    return make(env)
  } catch (error) {
    return refuseAll(error instanceof Error ? error.message : String(error))
  }
}

/** Throws a `SettingsError`. */
function make(env: Record<string, unknown>): Served {
  const settings = parseSettings({ heartbeat, ...settingsFromEnv(env) })
  return createHostedHandler(settings, {
    name: 'workerd',
    limits,
    // Told by whoever listens for it; deployed, anyone can reach it.
    exposure: env.REACH === 'machine' ? 'machine' : 'anyone',
    ...(isFetcher(env.ASSETS) && { files: filesOf(env.ASSETS) }),
    ...(settings.log !== 'none' && { log: (entry) => console.log(JSON.stringify(entry)) }),
  })
}

/** The page's files, where they were deployed along. */
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

/** Answers everything with 503; the whole message is for the log alone. */
function refuseAll(message: string): Served {
  console.error(`sluice: ${message}`)
  const setting = /^[\w: ]+(?=: )/.exec(message)?.[0] ?? 'a setting'
  const error = new ApiError(
    503,
    `sluice can't serve: ${setting} is not right; its log says why.`,
    {
      code: 'settings_invalid',
    },
  )
  return {
    fetch: async () => Response.json(error, { status: error.status }),
    refresh: async () => [],
  }
}
