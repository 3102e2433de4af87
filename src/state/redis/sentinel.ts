/** Finds the server that Sentinel names as the master. Each new connection asks again. */
import type { HostAndPort } from '../../settings/state-url.ts'
import type { RedisClient, RedisDialer, RedisLogin } from './client.ts'

export interface SentinelGroup extends Omit<RedisLogin, 'database'> {
  hosts: readonly HostAndPort[]
  /** The name under which they watch it. */
  master: string
}

/** Opens a connection to the master, as the first Sentinel that answers names it. */
export async function openByMaster(
  group: SentinelGroup,
  login: RedisLogin,
  dialer: RedisDialer,
  onLost: (error: Error) => void,
  signal: AbortSignal,
): Promise<RedisClient> {
  const master = await masterOf(group, dialer, signal)
  const client = await dialer.server({ ...master, ...login }, onLost, signal)
  // After a failover a Sentinel that has not heard of it names a server that is a replica now.
  const role = await client.send(['ROLE'], undefined)
  if (Array.isArray(role) && role[0] === 'master') return client
  client.destroy()
  throw new Error(
    `Sentinel names ${master.host}:${master.port} as the master "${group.master}", which it is not at present`,
  )
}

/** Asks all at once: one that is frozen must not hold the others up. */
async function masterOf(
  group: SentinelGroup,
  dialer: RedisDialer,
  signal: AbortSignal,
): Promise<HostAndPort> {
  const found = new AbortController()
  const ended = AbortSignal.any([found.signal, signal])
  try {
    return await Promise.any(group.hosts.map((host) => askOne(host, group, dialer, ended)))
  } catch (error) {
    const [first] = error instanceof AggregateError ? error.errors : [error]
    const why = first instanceof Error ? first.message : String(first)
    throw new Error(`none of ${group.hosts.length} Sentinels names a master (${why})`, {
      cause: error,
    })
  } finally {
    found.abort()
  }
}

async function askOne(
  host: HostAndPort,
  { master, username, password, tls }: SentinelGroup,
  dialer: RedisDialer,
  signal: AbortSignal,
): Promise<HostAndPort> {
  const client = await dialer.server({ ...host, username, password, tls }, () => {}, signal)
  try {
    const reply = await client.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master], undefined)
    if (!Array.isArray(reply)) {
      throw new Error(
        `expected the name of a master in the URL, got one that Sentinel does not know`,
      )
    }
    return { host: String(reply[0]), port: Number(reply[1]) }
  } finally {
    client.destroy()
  }
}
