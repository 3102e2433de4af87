import { type HostName, type Server, startServer } from './server.ts'
import { talk } from './talk.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts'

/** sluice in front of several scripted upstreams that serve the same model, `m`. */
export interface PoolUnderTest extends AsyncDisposable {
  server: Server
  /** By their labels. */
  upstreams: Record<string, Upstream>
}

export interface PoolOptions {
  flags?: string[]
  /** Settings of single upstreams, by label. */
  each?: Record<string, object>
  /** Settings besides the upstreams, as a settings file has them. */
  settings?: object
}

const M = { id: 'm', object: 'model', created: 1, owned_by: 'tests' } as const

/** A model of this name, as an upstream lists it. */
export function named(...ids: string[]) {
  return ids.map((id) => ({ ...M, id }))
}

/**
 * Starts upstreams in this order, and then sluice, which has requested each one's models once. An
 * upstream without a script answers with its own label.
 */
export async function startPool(
  host: HostName,
  given: Record<string, UpstreamOptions>,
  { flags = [], each = {}, settings = {} }: PoolOptions = {},
): Promise<PoolUnderTest> {
  const upstreams: Record<string, Upstream> = {}
  for (const [label, options] of Object.entries(given)) {
    upstreams[label] = await startUpstream({ models: named('m'), script: talk(label), ...options })
  }
  const upstream = Object.entries(upstreams).map(([label, { url }]) => {
    return { label, url, ...each[label] }
  })
  const env = { SLUICE_CONFIG: JSON.stringify({ ...settings, upstream }) }
  const server = await startServer(host, flags, env)
  await fetch(`${server.base}/models`)
  return {
    server,
    upstreams,
    async [Symbol.asyncDispose]() {
      await server.kill()
      for (const each of Object.values(upstreams)) await each.close()
    },
  }
}

/** The number of chats that reached an upstream. */
export function chatsAt(upstream: Upstream | undefined): number {
  return upstream?.requests.filter(({ path }) => path.endsWith('/chat/completions')).length ?? 0
}
