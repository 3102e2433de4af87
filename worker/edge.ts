import { createHandler, type Handler } from '../src/handler.ts'
import type { Files } from '../src/host.ts'
import { parseSettings, settingsFromEnv } from '../src/settings.ts'
import { ApiError } from '../src/wire/errors.ts'

/** What workerd learns of a client that left it learns by writing: a heartbeat bounds that time. */
const heartbeat = 2_000

type Served = Pick<Handler, 'fetch' | 'refresh'>

let handler: Served | undefined

/** The handler on workerd, Cloudflare's or your own; settings come from `env`, once. */
export default {
  fetch(request: Request, env: Record<string, unknown>): Promise<Response> {
    return once(env).fetch(request)
  },
}

/** For whoever runs the worker, never for clients: what the engines serve now. */
export const control = {
  async fetch(_: Request, env: Record<string, unknown>): Promise<Response> {
    return Response.json(await once(env).refresh())
  },
}

function once(env: Record<string, unknown>): Served {
  handler ??= build(env)
  return handler
}

function build(env: Record<string, unknown>): Served {
  try {
    const settings = parseSettings({ heartbeat, ...settingsFromEnv(env) })
    return createHandler(settings, {
      name: 'workerd',
      ...(isFetcher(env.ASSETS) && { files: filesOf(env.ASSETS) }),
      ...(settings.log !== 'none' && { log: (entry) => console.log(JSON.stringify(entry)) }),
    })
  } catch (error) {
    return refuseAll(error instanceof Error ? error.message : String(error))
  }
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
