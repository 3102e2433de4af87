import type { HostAndPort, StateAddress } from '../../settings/state-url.ts'
import type { OpenRedis, RedisClient } from './client.ts'
import { openByMaster } from './sentinel.ts'

/** How to log in at a server, and how to reach it. */
export interface RedisLogin {
  username?: string | undefined
  password?: string | undefined
  /** The number of the database; 0 by default. */
  database?: number | undefined
  /** Connects by TLS; `ca` has certificates in PEM that are trusted instead of the runtime's. */
  tls?: { ca?: string | undefined } | undefined
}

/** One Redis server. */
export interface RedisServer extends HostAndPort, RedisLogin {}

/** Opens connections with a client library. The promises reject with the library's error. */
export interface RedisDialer {
  server(
    server: RedisServer,
    onLost: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<RedisClient>
  /** `hosts` are some servers of the cluster. */
  cluster(
    hosts: readonly HostAndPort[],
    login: RedisLogin,
    onLost: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<RedisClient>
}

/** How to open a connection to what an address names. `ca` has certificates in PEM. */
export function openerFor(
  address: StateAddress,
  ca: string | undefined,
  dialer: RedisDialer,
): OpenRedis {
  const { kind, hosts, username, password, database, usesTls } = address
  const tls = usesTls ? { ca } : undefined
  const login: RedisLogin = { username, password, database, tls }
  if (kind === 'cluster') {
    return (onLost, signal) => dialer.cluster(hosts, login, onLost, signal)
  }
  if (kind === 'sentinel') {
    const { master = '', sentinelUsername, sentinelPassword } = address
    const sentinels = { hosts, master, username: sentinelUsername, password: sentinelPassword, tls }
    return (onLost, signal) => openByMaster(sentinels, login, dialer, onLost, signal)
  }
  return (onLost, signal) => dialer.server({ ...hosts[0], ...login }, onLost, signal)
}
