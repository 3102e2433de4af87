import type { Pipe } from '../stream/pipe.ts'

/** Bun's direct stream: what is written goes to the socket, past the queues of a stream. */
interface DirectController {
  /** A promise where the socket's buffer is full. */
  write(bytes: Uint8Array): number | Promise<number>
  flush(): number | Promise<number>
  close(): void
}

/** A pipe without the cost of a `TransformStream`, which Bun runs in JavaScript chunk by chunk. */
export function directPipe(): Pipe {
  const started = Promise.withResolvers<DirectController>()
  const ended = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  let control: DirectController | undefined
  let isGone = false

  const source = {
    type: 'direct',
    pull(controller: DirectController) {
      control = controller
      started.resolve(controller)
      // The body lasts until this settles.
      return ended.promise
    },
    cancel(reason: unknown) {
      isGone = true
      ended.resolve()
      closed.reject(reason)
    },
  }

  function write(pieces: Uint8Array<ArrayBuffer>[]): Promise<unknown> | undefined {
    if (control === undefined) return started.promise.then(() => write(pieces))
    if (isGone) return closed.promise
    const taken = pieces.map((piece) => control?.write(piece))
    taken.push(control.flush())
    if (taken.every((each) => typeof each === 'number')) return undefined
    return Promise.all(taken).then(() => (isGone ? closed.promise : undefined))
  }

  return {
    readable: new ReadableStream(source as never) as Pipe['readable'],
    write,
    close() {
      if (isGone) return
      control?.close()
      ended.resolve()
      closed.resolve()
    },
    break(reason) {
      ended.reject(reason)
      closed.reject(reason)
    },
    closed: closed.promise,
  }
}
