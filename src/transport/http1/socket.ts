/** A TCP connection, as a host lends it. */
export interface Socket {
  /** Whether all that was written has left. */
  readonly isFlushed: boolean
  /** Keeps what the network does not take at once. */
  write(bytes: Uint8Array): void
  /** No packets until `resume`: the sender is slowed down. */
  pause(): void
  resume(): void
  /** From now on it does not keep the process running, and closes after `ms` milliseconds. */
  setIdle(ms: number): void
  /** It is in use again. */
  setActive(): void
  /** Breaks it off at once. */
  destroy(): void
}

export interface SocketEvents {
  /** The bytes are the receiver's, to keep and to change, and no `Buffer`. */
  packet(bytes: Uint8Array<ArrayBuffer>): void
  /** Comes once, last. `isClean`: the other side ended it, rather than breaking it off. */
  close(isClean: boolean): void
}

/** Connects. Rejects where nobody listens. */
export type Dial = (host: string, port: number, events: SocketEvents) => Promise<Socket>
