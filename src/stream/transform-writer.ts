import type { BodyWriter } from '../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** With room for one piece, the readable side tells at once whether the client took it or it waits there. */
const ONE_PIECE = { highWaterMark: 1 }

/**
 * A body written through a `TransformStream`, whose back-pressure delays writes to a slow client. Pieces go
 * straight into its readable side, so that one the client waits for passes no queue. What passes the writable
 * side is only a mark behind a piece that has to wait: its write ends when the readable side has room again,
 * which is when the client has taken the piece. workerd notices that only when the client wants the next one.
 */
export function transformWriter(): BodyWriter {
  return new TransformWriter()
}

/** The writer is itself the transformer, which saves an object for each stream. */
class TransformWriter implements BodyWriter {
  readonly closed: Promise<unknown>
  readonly #readable: ReadableStream<Bytes>
  readonly #marks: WritableStreamDefaultWriter<undefined>
  #control!: TransformStreamDefaultController<Bytes>
  #isClosing = false

  constructor() {
    const stream = new TransformStream<undefined, Bytes>(this, undefined, ONE_PIECE)
    this.#readable = stream.readable
    this.#marks = stream.writable.getWriter()
    this.closed = this.#marks.closed
  }

  start(control: TransformStreamDefaultController<Bytes>): void {
    this.#control = control
  }

  /** A mark becomes nothing. */
  transform(): void {}

  respond(init?: ResponseInit): Response {
    return new Response(this.#readable, init)
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    // Nothing can follow the end, and such a mark is refused.
    if (this.#isClosing) return this.#marks.write(undefined)
    try {
      for (const piece of pieces) this.#control.enqueue(piece)
    } catch {
      // The client is gone or the body was broken off, for the reason with which `closed` rejects.
      return this.closed
    }
    return this.#control.desiredSize === ONE_PIECE.highWaterMark
      ? undefined
      : this.#marks.write(undefined)
  }

  close(): void {
    this.#isClosing = true
    this.#marks.close().catch(() => {})
  }

  /** `abort` of the writable side would wait for a pending mark, which never ends if nobody reads. */
  break(reason: unknown): void {
    this.#control.error(reason)
  }
}
