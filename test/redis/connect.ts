import * as library from '@redis/client'
import { openClient } from '../../src/hosts/server/redis-client.ts'
import { RedisConnection, type RedisConnectionOptions } from '../../src/state/redis/connection.ts'

/** A connection to a server of this machine, as a host makes it; `close` it. */
export async function connectTo(
  port: number,
  options: Partial<RedisConnectionOptions> = {},
): Promise<RedisConnection> {
  const server = { host: '127.0.0.1', port }
  const connection = new RedisConnection({
    open: (onLost, signal) => openClient(library, server, onLost, signal),
    ...options,
  })
  await connection.start()
  return connection
}
