/** Connections to Redis by `@redis/client`, which only a server with `--state` loads. */
import type { RedisClient, RedisDialer, RedisLogin, RedisServer } from '../../state/redis/client.ts'

/** Milliseconds without traffic after which the system asks whether the other side is still there. */
const KEEP_ALIVE = 5_000

type Library = typeof import('@redis/client')

/** What every connection has. */
const COMMON = {
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: 'disabled',
  // The library's own deadline is for what was not written yet, and makes a signal for each call.
  commandOptions: { timeout: undefined },
} as const

export function redisDialer(library: Library): RedisDialer {
  return {
    server: (...args) => openClient(library, ...args),
    async cluster(hosts, login, onLost, signal) {
      const cluster = library.createCluster({
        rootNodes: hosts.map((socket) => ({ socket })),
        defaults: {
          ...COMMON,
          ...loginOf(login),
          socket: { ...socketOf(login), reconnectStrategy: false },
        },
        minimizeConnections: true,
      })
      await connect(cluster, onLost, signal)
      return {
        send: (command, key) => cluster.sendCommand(key, false, [...command]),
        subscribe: (channel, onMessage) => cluster.subscribe(channel, onMessage),
        unsubscribe: (channel) => cluster.unsubscribe(channel),
        isReply: (error) => error instanceof library.ErrorReply,
        destroy: () => cluster.destroy(),
      } satisfies RedisClient
    },
  }
}

/** A connection to one server, ready for commands. */
async function openClient(
  library: Library,
  { host, port, ...login }: RedisServer,
  onLost: (error: Error) => void,
  signal: AbortSignal,
): Promise<RedisClient> {
  const client = library.createClient({
    ...COMMON,
    ...loginOf(login),
    ...(login.database && { database: login.database }),
    // `RedisConnection` reconnects, so that it decides how often and checks each server.
    socket: { host, port, ...socketOf(login), reconnectStrategy: false },
  })
  await connect(client, onLost, signal)
  return {
    send: (command) => client.sendCommand(command),
    subscribe: (channel, onMessage) => client.subscribe(channel, onMessage),
    unsubscribe: (channel) => client.unsubscribe(channel),
    isReply: (error) => error instanceof library.ErrorReply,
    destroy: () => client.destroy(),
  }
}

function loginOf({ username, password }: RedisLogin) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
}

function socketOf({ tls }: RedisLogin) {
  return {
    keepAliveInitialDelay: KEEP_ALIVE,
    ...(tls && { tls: true as const, ...(tls.ca !== undefined && { ca: tls.ca }) }),
  }
}

interface Connectable {
  connect(): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

async function connect(
  client: Connectable,
  onLost: (error: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  const onAbort = () => client.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  let isReady = false
  // Before it is ready, `connect` rejects with the same error.
  client.on('error', (error) => {
    if (isReady) onLost(error)
  })
  try {
    await client.connect()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  isReady = true
}
