import type { RedisServer } from '../../state/redis/address.ts'
import type { RedisClient } from '../../state/redis/client.ts'

/** Milliseconds without traffic after which the system asks whether the other side is still there. */
const KEEP_ALIVE = 5_000

type Library = typeof import('@redis/client')

/** A connection to one server, ready for commands. */
export async function openClient(
  library: Library,
  server: RedisServer,
  onLost: (error: Error) => void,
  signal: AbortSignal,
): Promise<RedisClient> {
  const client = library.createClient({
    ...(server.username !== undefined && { username: server.username }),
    ...(server.password !== undefined && { password: server.password }),
    ...(server.database && { database: server.database }),
    socket: {
      host: server.host,
      port: server.port,
      ...(server.tls && { tls: true as const, ...server.tls }),
      // `RedisConnection` reconnects, so that it decides how often and checks each server.
      reconnectStrategy: false,
      keepAliveInitialDelay: KEEP_ALIVE,
    },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The library's own deadline is for what was not written yet, and makes a signal for each call.
    commandOptions: { timeout: undefined },
  })
  const onAbort = () => client.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  let isReady = false
  client.on('error', (error: Error) => {
    if (isReady) onLost(error)
  })
  try {
    await client.connect()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  isReady = true
  return {
    send: (command) => client.sendCommand(command),
    subscribe: (channel, onMessage) => client.subscribe(channel, onMessage),
    unsubscribe: (channel) => client.unsubscribe(channel),
    destroy: () => client.destroy(),
  }
}
