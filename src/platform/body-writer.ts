type Bytes = Uint8Array<ArrayBuffer>

/** Carries a response's bytes from whoever writes them to the client who reads them. */
export interface BodyWriter {
  /** The response that it writes the body of. */
  respond(init?: ResponseInit): Response
  /**
   * Resolves when the client has taken all pieces, or is undefined where it has at once; rejects
   * where it is gone.
   */
  write(pieces: Bytes[]): Promise<unknown> | undefined
  /** Ends the body behind what was written. */
  close(): void
  /** Breaks the body off at once, whatever is still unread. */
  break(reason: unknown): void
  /** Settles when the client has taken all, or rejects when it is gone. */
  closed: Promise<unknown>
}
