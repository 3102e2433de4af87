/** What `RedisConnection` needs of a client library: one connection, which does not reconnect by itself. */

export interface RedisClient {
  /** Sends a command; an error reply rejects with its text as the message. */
  send(command: readonly string[], key: string | undefined): Promise<unknown>
  subscribe(channel: string, onMessage: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
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
