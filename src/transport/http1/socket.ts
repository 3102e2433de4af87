/** A TCP connection, provided by a host. */
export interface Socket {
  /** Whether everything written has been sent. */
  readonly isFlushed: boolean
  /** Buffers what the network does not accept at once. */
  write(bytes: Uint8Array): void
  /** Delivers no packets until `resume` (back-pressure). */
  pause(): void
  resume(): void
  /** Stops keeping the process alive, and closes after `ms` milliseconds. */
  setIdle(ms: number): void
  /** Ends the idle state before the next request. */
  setActive(): void
  /** Closes the connection at once. */
  destroy(): void
}

export interface SocketEvents {
  /** The receiver owns the bytes, and may change them; they are not a Node `Buffer`. */
  packet(bytes: Uint8Array<ArrayBuffer>): void
  /** Called once, last. `isClean`: the server closed the connection, rather than resetting it. */
  close(isClean: boolean): void
}

/** Opens a connection. Rejects where the server can't be reached. */
export type Dial = (host: string, port: number, events: SocketEvents) => Promise<Socket>
