import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyWriter } from '../../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

const CR = 13
const LF = 10

/** Bytes from which a piece is rather written in parts than copied. */
const LARGE = 16 * 1024

/** Which writer stands behind a response's body. */
const writers = new WeakMap<ReadableStream, NodeBodyWriter>()

/**
 * A writer that writes to the socket itself, behind a head that the response has written: what lies
 * between the two costs more than the writing. Its `readable` only stands for it, and is never read.
 */
class NodeBodyWriter implements BodyWriter {
  readonly readable = new ReadableStream<Bytes>()
  readonly closed: Promise<void>
  readonly #attached = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  #response: ServerResponse | undefined
  /** Where the body's chunks may go without the response's help. */
  #socket: Socket | undefined
  #drained: Promise<void> | undefined

  constructor() {
    this.closed = this.#closed.promise
    // Whoever awaits it learns of it; nobody has to.
    this.closed.catch(() => {})
    writers.set(this.readable, this)
  }

  /** The response to write to; its head was written. */
  attach(response: ServerResponse): void {
    this.#response = response
    let hasFinished = false
    response.once('finish', () => {
      hasFinished = true
      this.#closed.resolve()
    })
    const leave = () => this.#closed.reject(new Error('the connection was closed'))
    // It comes behind the end as well, and an error costs as much as a system call.
    response.once('close', () => hasFinished || leave())
    response.on('error', () => {})
    if (response.destroyed || response.socket?.destroyed) leave()
    this.#attached.resolve()
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    const response = this.#response
    if (response === undefined) return this.#attached.promise.then(() => this.write(pieces))
    // Behind a response's end its socket is the next one's.
    if (response.destroyed || response.writableEnded) return this.closed
    let sink: Socket | ServerResponse = response
    let isTaken = true
    for (const piece of pieces) {
      sink = this.#socket ?? response
      isTaken = this.#socket ? writeChunk(this.#socket, piece) : response.write(piece)
    }
    // With the first piece the head has left.
    if (response.chunkedEncoding) this.#socket = response.socket ?? undefined
    return isTaken || sink.writableLength === 0 ? undefined : this.#drain(sink)
  }

  #drain(sink: Socket | ServerResponse): Promise<unknown> {
    this.#drained ??= new Promise((resolve) => {
      sink.once('drain', () => {
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

function writeChunk(socket: Socket, piece: Bytes): boolean {
  if (piece.length < LARGE) return socket.write(framed(piece))
  socket.cork()
  socket.write(`${piece.length.toString(16)}\r\n`, 'latin1')
  socket.write(piece)
  const isTaken = socket.write('\r\n', 'latin1')
  socket.uncork()
  return isTaken
}

/** One chunk, framed as HTTP/1.1 wants it. Source: RFC 9112, §7.1. */
function framed(piece: Bytes): Buffer {
  const size = piece.length.toString(16)
  const start = size.length + 2
  const end = start + piece.length
  const chunk = Buffer.allocUnsafe(end + 2)
  for (let at = 0; at < size.length; at++) chunk[at] = size.charCodeAt(at)
  chunk[start - 2] = chunk[end] = CR
  chunk[start - 1] = chunk[end + 1] = LF
  chunk.set(piece, start)
  return chunk
}

export function nodeBodyWriter(): BodyWriter {
  return new NodeBodyWriter()
}

/** Sends a response whose body is such a writer; false where it is another. */
export function sendDirectly(
  response: ServerResponse,
  { status, headers, body }: Response,
): boolean {
  const writer = body === null ? undefined : writers.get(body)
  if (writer === undefined) return false
  const fields: string[] = []
  headers.forEach((value, name) => {
    fields.push(name, value)
  })
  try {
    response.writeHead(status, fields)
  } catch (error) {
    writer.break(error)
    throw error
  }
  writer.attach(response)
  return true
}
