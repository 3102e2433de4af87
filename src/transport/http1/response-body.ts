import type { Packet, PacketReader, TakePacket } from '../../platform/fetch.ts'

type Bytes = Uint8Array<ArrayBuffer>

const END: Packet = { done: true }

/** Bytes of unread packets at which the connection is paused (back-pressure). */
const HIGH_WATER_MARK = 256 * 1024

/** The connection that a body comes from. */
export interface BodySource {
  pause(): void
  resume(): void
  /** The rest of the body is not needed. */
  discard(): void
}

/** A response's body. Buffers the packets that arrive until its reader takes them. */
export class ResponseBody implements PacketReader {
  readonly #source: BodySource
  #packets: Bytes[] = []
  #length = 0
  #isPaused = false
  #hasEnded = false
  #error: unknown
  /** Either a pending `read`, or the consumer that gets all packets; never both. */
  #pendingRead: { resolve(packet: Packet): void; reject(reason: unknown): void } | undefined
  #consumer: { take: TakePacket; resolve(): void; reject(reason: unknown): void } | undefined
  /** Whether the consumer is still busy with a packet. */
  #isConsuming = false

  constructor(tap: BodySource) {
    this.#source = tap
  }

  /** The body is its own reader. */
  getReader(): this {
    return this
  }

  /**
   * The next packet. Rejects where the body was cut off, or with the reason of an aborted request.
   */
  read(): Promise<Packet> {
    const value = this.#shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#hasEnded) return Promise.resolve(END)
    return new Promise((resolve, reject) => {
      this.#pendingRead = { resolve, reject }
    })
  }

  /** Pushes every packet as it arrives, without a promise for each. */
  forEachPacket(take: TakePacket): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#consumer = { take, resolve, reject }
      this.#pump()
    })
  }

  /** Discards the rest. */
  async cancel(): Promise<void> {
    this.#packets = []
    if (this.#hasEnded || this.#error !== undefined) return
    this.end()
    this.#source.discard()
  }

  push(value: Bytes): void {
    const waiting = this.#pendingRead
    if (waiting !== undefined) {
      this.#pendingRead = undefined
      waiting.resolve({ done: false, value })
      return
    }
    this.#packets.push(value)
    this.#length += value.length
    if (this.#consumer !== undefined) this.#pump()
    if (this.#isPaused || this.#length < HIGH_WATER_MARK) return
    this.#isPaused = true
    this.#source.pause()
  }

  end(): void {
    this.#hasEnded = true
    // The connection is reused for other requests, so it must not stay paused.
    if (this.#isPaused) this.#source.resume()
    this.#isPaused = false
    this.#pendingRead?.resolve(END)
    this.#pendingRead = undefined
    this.#pump()
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#error = error
    this.#pendingRead?.reject(error)
    this.#pendingRead = undefined
    this.#pump()
  }

  #shift(): Bytes | undefined {
    const value = this.#packets.shift()
    if (value === undefined) return undefined
    this.#length -= value.length
    if (this.#isPaused && this.#length === 0) {
      this.#isPaused = false
      this.#source.resume()
    }
    return value
  }

  /** Pushes buffered packets until the consumer is busy; signals the end after the last one. */
  #pump(): void {
    const consumer = this.#consumer
    if (consumer === undefined || this.#isConsuming) return
    for (let value = this.#shift(); value !== undefined; value = this.#shift()) {
      const taking = consumer.take(value)
      if (taking === undefined) continue
      this.#isConsuming = true
      const next = () => {
        this.#isConsuming = false
        this.#pump()
      }
      taking.then(next, next)
      return
    }
    if (this.#error !== undefined) consumer.reject(this.#error)
    else if (this.#hasEnded) consumer.resolve()
  }
}
