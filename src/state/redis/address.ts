import type { StateAddress } from '../../settings/state-url.ts'
import type { OpenRedis, RedisDialer, RedisLogin } from './client.ts'
import { openByMaster } from './sentinel.ts'

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
