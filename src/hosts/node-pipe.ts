import type { ServerResponse } from 'node:http'
import type { Pipe } from '../stream/pipe.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Which pipe stands behind a response's body. */
const pipes = new WeakMap<ReadableStream, NodePipe>()

/**
 * A pipe that writes to the socket's response itself: a stream between the two costs Node more
 * than the writing. Its `readable` only stands for it, and is never read.
 */
class NodePipe implements Pipe {
  readonly readable = new ReadableStream<Bytes>()
  readonly closed: Promise<void>
  readonly #attached = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  #response: ServerResponse | undefined
  #drained: Promise<void> | undefined

  constructor() {
    this.closed = this.#closed.promise
    // Whoever awaits it learns of it; nobody has to.
    this.closed.catch(() => {})
    pipes.set(this.readable, this)
  }

  /** The response to write to; its head was written. */
  attach(response: ServerResponse): void {
    this.#response = response
    response.once('finish', () => this.#closed.resolve())
    response.once('close', () => this.#closed.reject(new Error('the connection was closed')))
    response.on('error', () => {})
    if (response.destroyed || response.socket?.destroyed) {
      this.#closed.reject(new Error('the connection was closed'))
    }
    this.#attached.resolve()
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    const response = this.#response
    if (response === undefined) return this.#attached.promise.then(() => this.write(pieces))
    if (response.destroyed) return this.closed
    let isTaken = true
    for (const piece of pieces) isTaken = response.write(piece)
    if (isTaken) return undefined
    this.#drained ??= new Promise((resolve) => {
      response.once('drain', () => {
        this.#drained = undefined
        resolve()
      })
    })
    return Promise.race([this.#drained, this.closed])
  }

  close(): void {
    this.#then((response) => response.end())
  }

  break(reason: unknown): void {
    this.#closed.reject(reason)
    this.#then((response) => response.destroy())
  }

  /** In the order in which it was asked for, whatever is still to be attached. */
  #then(act: (response: ServerResponse) => void): void {
    const response = this.#response
    if (response) act(response)
    else void this.#attached.promise.then(() => this.#then(act))
  }
}

export function nodePipe(): Pipe {
  return new NodePipe()
}

/** Sends a response whose body is such a pipe; false where it is another. */
export function sendPipe(response: ServerResponse, { status, headers, body }: Response): boolean {
  const pipe = body === null ? undefined : pipes.get(body)
  if (pipe === undefined) return false
  response.writeHead(status, [...headers].flat())
  pipe.attach(response)
  return true
}
