import type { BodyWriter } from '../../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** The controller of Bun's direct streams, which write to the socket without a stream's queue. */
interface DirectController {
  /** Returns a promise where the socket's buffer is full. */
  write(bytes: Uint8Array): number | Promise<number>
  flush(): number | Promise<number>
  close(): void
}

/** A body writer on a direct stream: Bun runs a `TransformStream` in JavaScript for each chunk. */
export function bunBodyWriter(): BodyWriter {
  return new BunBodyWriter()
}

/** The writer is itself the stream's underlying source, which saves an object for each stream. */
class BunBodyWriter implements BodyWriter {
  readonly type = 'direct'
  readonly closed: Promise<void>
  readonly #closed = Promise.withResolvers<void>()
  #control: DirectController | undefined
  /** What is written before Bun reads the body, and who waits until it is taken. */
  #early: { pieces: Bytes[]; taken: PromiseWithResolvers<unknown> } | undefined
  #isGone = false

  constructor() {
    this.closed = this.#closed.promise
  }

  respond(init?: ResponseInit): Response {
    return new Response(new ReadableStream(this as never), init)
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    const control = this.#control
    if (control === undefined) {
      this.#early ??= { pieces: [], taken: Promise.withResolvers() }
      this.#early.pieces.push(...pieces)
      return this.#early.taken.promise
    }
    if (this.#isGone) return this.closed
    const waiting: Promise<unknown>[] = []
    for (const piece of pieces) {
      const taken = control.write(piece)
      if (typeof taken !== 'number') waiting.push(taken)
    }
    const flushed = control.flush()
    if (typeof flushed !== 'number') waiting.push(flushed)
    if (waiting.length === 0) return undefined
    return Promise.all(waiting).then(() => (this.#isGone ? this.closed : undefined))
  }

  close(): void {
    if (this.#isGone) return
    this.#control?.close()
    this.#closed.resolve()
  }

  break(reason: unknown): void {
    this.#closed.reject(reason)
  }

  /**
   * Bun calls this when it starts to read the body, which lasts until the returned promise settles. What is
   * written before it returns leaves together with the headers, by one system call.
   */
  pull(control: DirectController): Promise<void> {
    this.#control = control
    const early = this.#early
    this.#early = undefined
    early?.taken.resolve(this.write(early.pieces))
    return this.closed
  }

  /** The client left. */
  cancel(reason: unknown): void {
    this.#isGone = true
    this.#closed.reject(reason)
  }
}
