import type { BodyWriter } from '../../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Bun's direct stream: what is written goes to the socket, past the queues of a stream. */
interface DirectController {
  /** A promise where the socket's buffer is full. */
  write(bytes: Uint8Array): number | Promise<number>
  flush(): number | Promise<number>
  close(): void
}

/** A body writer without the cost of a `TransformStream`, which Bun runs in JavaScript chunk by chunk. */
export function bunBodyWriter(): BodyWriter {
  return new BunBodyWriter()
}

/** It is the stream's own source: a stream has fewer objects to keep, then. */
class BunBodyWriter implements BodyWriter {
  readonly type = 'direct'
  readonly readable: ReadableStream<Bytes>
  readonly closed: Promise<void>
  readonly #closed = Promise.withResolvers<void>()
  #control: DirectController | undefined
  /** Whoever writes before Bun asks for the body waits for this. */
  #started: PromiseWithResolvers<void> | undefined
  #isGone = false

  constructor() {
    this.closed = this.#closed.promise
    this.readable = new ReadableStream(this as never) as ReadableStream<Bytes>
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    const control = this.#control
    if (control === undefined) {
      this.#started ??= Promise.withResolvers()
      return this.#started.promise.then(() => this.write(pieces))
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

  /** Bun asks for the body, which lasts until what this returns settles. */
  pull(control: DirectController): Promise<void> {
    this.#control = control
    this.#started?.resolve()
    this.#started = undefined
    return this.closed
  }

  /** The client left. */
  cancel(reason: unknown): void {
    this.#isGone = true
    this.#closed.reject(reason)
  }
}
