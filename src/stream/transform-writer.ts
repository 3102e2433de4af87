import type { BodyWriter } from '../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A body written through a `TransformStream`: a client that does not read holds the next write back. */
export function transformWriter(): BodyWriter {
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
