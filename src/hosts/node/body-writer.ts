import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyWriter } from '../../platform/body-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

const CR = 13
const LF = 10

/** Bytes from which a piece is written as three parts, because copying it would take longer. */
const LARGE = 16 * 1024

/**
 * Writes chunks to the socket itself, once the response has written its headers: the layers between
 * the two take more time than the write.
 */
class NodeBodyWriter implements BodyWriter {
  readonly closed: Promise<void>
  readonly #attached = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  #response: ServerResponse | undefined
  /** Set once chunks may be written to it directly. */
  #socket: Socket | undefined
  #drained: Promise<void> | undefined

  constructor() {
    this.closed = this.#closed.promise
    // Handled here, because callers need not await it.
    this.closed.catch(() => {})
  }

  respond(init?: ResponseInit): Response {
    return new WrittenResponse(this, init)
  }

  /** Sets the response to write to, whose headers have been written. */
  attach(response: ServerResponse): void {
    this.#response = response
    let hasFinished = false
    response.once('finish', () => {
      hasFinished = true
      this.#closed.resolve()
    })
    const fail = () => this.#closed.reject(new Error('the connection was closed'))
    // `close` follows `finish` too, and making an error with its stack costs as much as a system call.
    response.once('close', () => hasFinished || fail())
    response.on('error', () => {})
    if (response.destroyed || response.socket?.destroyed) fail()
    this.#attached.resolve()
  }

  write(pieces: Bytes[]): Promise<unknown> | undefined {
    const response = this.#response
    if (response === undefined) return this.#attached.promise.then(() => this.write(pieces))
    // After a response has ended, its socket belongs to the next one.
    if (response.destroyed || response.writableEnded) return this.closed
    let sink: Socket | ServerResponse = response
    let isTaken = true
    for (const piece of pieces) {
      sink = this.#socket ?? response
      isTaken = this.#socket ? writeChunk(this.#socket, piece) : response.write(piece)
    }
    // The first piece has sent the headers.
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

  /** Acts on the response once it is attached, in the order of the calls. */
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

/** One chunk with the framing of HTTP/1.1's chunked encoding. Source: RFC 9112, §7.1. */
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

/**
 * A response whose body only its writer knows: `body` is null. A stream that nobody reads would keep all of the
 * request in memory until the next full garbage collection, as V8's frequent small ones free none of Deno's and
 * Node's streams: a request kept 20 kB so, whose copying took a sixth of its processor time.
 */
class WrittenResponse extends Response {
  readonly writer: NodeBodyWriter

  constructor(writer: NodeBodyWriter, init?: ResponseInit) {
    super(null, init)
    this.writer = writer
  }
}

/** Sends a response of a `NodeBodyWriter`; returns false for any other. */
export function sendDirectly(response: ServerResponse, answer: Response): boolean {
  if (!(answer instanceof WrittenResponse)) return false
  const { status, headers, writer } = answer
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
