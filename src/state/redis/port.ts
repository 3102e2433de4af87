/**
 * What the stores need of a Redis server: scripts, single commands and messages. `RedisConnection` is the
 * port on one client library; the tests of the stores use it with a real server.
 */

/** What a script or command replies. An error reply rejects. Lua's `false` and `nil` are null. */
export type RedisReply = string | number | null | readonly RedisReply[]

/** A Lua script. It uses the keys that it is given and no others, and all of them have one hash tag. */
export interface RedisScript {
  /** For the metrics and errors: `admit`. */
  name: string
  text: string
}

export interface RedisCallOptions {
  /** Milliseconds after which the call is given up and its connection closed; 100 by default. */
  deadlineMs?: number | undefined
}

/**
 * A Redis server, or several that act as one. A call rejects with a `StateAwayError` where the server does
 * not answer in time, can't be reached, or can't write at present: at once, once that is known. Whether a
 * call that was given up had an effect is not known; nothing is sent twice by itself.
 */
export interface RedisPort {
  /** Runs a script: by its digest, and with its text where the server does not have it yet. */
  eval(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly (string | number)[],
    options?: RedisCallOptions,
  ): Promise<RedisReply>
  /**
   * Sends one command, whose first key is `key`; undefined where it has none. Calls of one turn of the event
   * loop travel together.
   */
  send(
    command: readonly [string, ...string[]],
    key: string | undefined,
    options?: RedisCallOptions,
  ): Promise<RedisReply>
  publish(channel: string, message: string): Promise<void>
  /**
   * Calls `onMessage` with each message of a channel, also after the connection was lost and is there again;
   * what is published meanwhile is lost. Returns how to end it.
   */
  subscribe(channel: string, onMessage: (message: string) => void): () => void
  /** Whether calls are refused at once at present. */
  readonly isAway: boolean
}

/** The store can't be used at present. */
export class StateAwayError extends Error {
  override name = 'StateAwayError'
}
