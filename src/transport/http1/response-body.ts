import type { Packet, PacketReader, TakePacket } from '../../platform/fetch.ts'

type Bytes = Uint8Array<ArrayBuffer>

const END: Packet = { done: true }

/** Bytes of unread packets at which the sender is slowed down. */
const HIGH_WATER_MARK = 256 * 1024

/** What a body does to its connection. */
export interface BodySource {
  pause(): void
  resume(): void
  /** Nobody wants the rest. */
  discard(): void
}

/** A response's body: packets that come by themselves, and a reader who asks for them. */
export class ResponseBody implements PacketReader {
  readonly #source: BodySource
  #packets: Bytes[] = []
  #length = 0
  #isPaused = false
  #hasEnded = false
  #error: unknown
  /** Who waits for one packet, or takes them all; never both. */
  #pendingRead: { resolve(packet: Packet): void; reject(reason: unknown): void } | undefined
  #consumer: { take: TakePacket; resolve(): void; reject(reason: unknown): void } | undefined
  /** Whether a packet is still being taken. */
  #isConsuming = false

  constructor(tap: BodySource) {
    this.#source = tap
  }

  /** As a stream's reader, without the stream. */
  getReader(): this {
    return this
  }

  /** The next packet. Rejects where the body was cut off, or with why the request was aborted. */
  read(): Promise<Packet> {
    const value = this.#shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#hasEnded) return Promise.resolve(END)
    return new Promise((resolve, reject) => {
      this.#pendingRead = { resolve, reject }
    })
  }

  /** Hands over every packet as it comes, without a promise for each. */
  forEachPacket(take: TakePacket): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#consumer = { take, resolve, reject }
      this.#pump()
    })
  }

  /** Lets go of the rest. */
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
    // The connection goes on to other answers.
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

  /** Gives the taker what is there, until it is busy; tells it the end behind the last packet. */
  #pump(): void {
    const taker = this.#consumer
    if (taker === undefined || this.#isConsuming) return
    for (let value = this.#shift(); value !== undefined; value = this.#shift()) {
      const taking = taker.take(value)
      if (taking === undefined) continue
      this.#isConsuming = true
      const next = () => {
        this.#isConsuming = false
        this.#pump()
      }
      taking.then(next, next)
      return
    }
    if (this.#error !== undefined) taker.reject(this.#error)
    else if (this.#hasEnded) taker.resolve()
  }
}
