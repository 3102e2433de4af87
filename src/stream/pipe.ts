type Bytes = Uint8Array<ArrayBuffer>

/** Carries a response's bytes from whoever writes them to the client who reads them. */
export interface Pipe {
  /** The response's body. */
  readable: ReadableStream<Bytes>
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

/** A pipe through a `TransformStream`: a client that does not read holds the next write back. */
export function transformPipe(): Pipe {
  let control: TransformStreamDefaultController<Bytes> | undefined
  const { readable, writable } = new TransformStream<Bytes, Bytes>({
    start(controller) {
      control = controller
    },
  })
  const writer = writable.getWriter()
  return {
    readable,
    write: (pieces) => Promise.all(pieces.map((piece) => writer.write(piece))),
    close: () => void writer.close().catch(() => {}),
    // The writer's own `abort` waits for a write that nobody reads.
    break: (reason) => control?.error(reason),
    closed: writer.closed,
  }
}
