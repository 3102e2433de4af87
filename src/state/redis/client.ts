/** What `RedisConnection` needs of a client library: one connection, which does not reconnect by itself. */

import type { HostAndPort } from '../../settings/state-url.ts'

export interface RedisClient {
  /** Sends a command; an error reply rejects with its text as the message. */
  send(command: readonly string[], key: string | undefined): Promise<unknown>
  subscribe(channel: string, onMessage: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Whether an error is what the server replied, and not one of the connection. */
  isReply(error: Error): boolean
  /** Closes its sockets at once, without a word to the server; what waits for a reply rejects. */
  destroy(): void
}

/**
 * Opens a connection that is ready for commands. `onLost` is called once, where it breaks later; `signal`
 * gives it up. Rejects with the library's error.
 */
export type OpenRedis = (
  onLost: (error: Error) => void,
  signal: AbortSignal,
) => Promise<RedisClient>

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
