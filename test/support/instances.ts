// Several sluices that share one Redis and one scripted upstream, each on a port of its own.

import type { HostName } from './hosts.ts'
import { type RedisProcess, startRedis } from './redis.ts'
import { type Server, startServer } from './server.ts'
import type { Env } from './server-process.ts'
import { startUpstream, type Upstream } from './upstream.ts'

export interface InstancesOptions {
  host?: HostName
  /** How many; three by default. */
  count?: number
  /** One that runs already; else one is started, with these flags. */
  redis?: RedisProcess
  redisArgs?: string[]
  /** The URL of the store for each instance; that of Redis by default. */
  stateOf?: (index: number, redis: RedisProcess) => string
  keys?: object[]
  flags?: string[]
  env?: Env
  /** Further names in the environment of one instance. */
  envOf?: (index: number) => Env
}

export interface Instances extends AsyncDisposable {
  redis: RedisProcess
  upstream: Upstream
  each: Server[]
  /** One of the first ones, counted from 0 and round. */
  at(index: number): Server
  /** Starts one more, as the first ones were. */
  add(): Promise<Server>
  /** What they say of the shared state, without those that are gone. */
  states(): Promise<{ kind: string; status: string; instances: number }[]>
  /** Waits until each says so of it. */
  untilState(status: 'connected' | 'away', instances?: number): Promise<void>
}

export async function startInstances(options: InstancesOptions = {}): Promise<Instances> {
  const { host = 'bun', count = 3, keys, redisArgs = [] } = options
  const redis = options.redis ?? (await startRedis({ args: redisArgs }))
  const upstream = await startUpstream()
  const each: Server[] = []
  const start = async (index: number) => {
    const state = options.stateOf?.(index, redis) ?? redis.url
    const shared = { SLUICE_STATE: state, ...(keys && { SLUICE_KEYS: JSON.stringify(keys) }) }
    const env = { ...shared, ...options.env, ...options.envOf?.(index) }
    return startServer(host, ['--upstream', upstream.url, ...(options.flags ?? [])], env)
  }
  const end = async () => {
    await Promise.all(each.map((server) => server.kill()))
    await upstream.close()
    if (options.redis === undefined) await redis.stop()
  }
  try {
    each.push(...(await Promise.all(Array.from({ length: count }, (_, index) => start(index)))))
  } catch (error) {
    await end()
    throw error
  }
  const states = async () => {
    const answers = await Promise.all(each.map((server) => stateOf(server).catch(() => undefined)))
    return answers.filter((state) => state !== undefined)
  }
  const instances: Instances = {
    ...{ redis, upstream, each, states, [Symbol.asyncDispose]: end },
    at: (index) => each[index % count] as Server,
    async add() {
      const server = await start(each.length)
      each.push(server)
      return server
    },
    async untilState(status, expected = count) {
      const is = (state: State) => state.status === status && state.instances === expected
      await until(async () => (await states()).every(is), `that all are ${status}`)
    },
  }
  try {
    // In turn, so that a failure names what was seen.
    if (options.stateOf === undefined) await instances.untilState('connected')
  } catch (error) {
    await end()
    throw error
  }
  return instances
}

interface State {
  kind: string
  status: string
  instances: number
}

async function stateOf({ url }: Server): Promise<State> {
  const headers = { authorization: 'Bearer admin-key' }
  const response = await fetch(`${url}/health`, { headers })
  const { state } = (await response.json()) as { state?: State }
  if (state === undefined) throw new Error('no admin: give keys an entry for "admin-key"')
  return state
}

/** Waits, by looking again and again. Rejects after `ms`. */
export async function until(
  is: () => boolean | Promise<boolean>,
  what: string,
  ms = 15_000,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
