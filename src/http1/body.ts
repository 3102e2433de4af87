import type { Packet, PacketReader } from '../host.ts'

type Bytes = Uint8Array<ArrayBuffer>

const END: Packet = { done: true }

/** Bytes of unread packets at which the sender is slowed down. */
const HIGH = 64 * 1024

/** What a body does to its connection. */
export interface Tap {
  pause(): void
  resume(): void
  /** Nobody wants the rest. */
  leave(): void
}

/** A response's body: packets that come by themselves, and a reader who asks for them. */
export class Body implements PacketReader {
  readonly #tap: Tap
  #packets: Bytes[] = []
  #length = 0
  #isPaused = false
  #hasEnded = false
  #error: unknown
  #waiting: { resolve(packet: Packet): void; reject(reason: unknown): void } | undefined

  constructor(tap: Tap) {
    this.#tap = tap
  }

  /** As a stream's reader, without the stream. */
  getReader(): this {
    return this
  }

  /** The next packet. Rejects where the body was cut off, or with why the request was aborted. */
  read(): Promise<Packet> {
    const value = this.#packets.shift()
    if (value !== undefined) {
      this.#length -= value.length
      if (this.#isPaused && this.#length === 0) {
        this.#isPaused = false
        this.#tap.resume()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#hasEnded) return Promise.resolve(END)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Lets go of the rest. */
  async cancel(): Promise<void> {
    this.#packets = []
    if (this.#hasEnded || this.#error !== undefined) return
    this.end()
    this.#tap.leave()
  }

  push(value: Bytes): void {
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting.resolve({ done: false, value })
      return
    }
    this.#packets.push(value)
    this.#length += value.length
    if (this.#isPaused || this.#length < HIGH) return
    this.#isPaused = true
    this.#tap.pause()
  }

  end(): void {
    this.#hasEnded = true
    // The connection goes on to other answers.
    if (this.#isPaused) this.#tap.resume()
    this.#isPaused = false
    this.#waiting?.resolve(END)
    this.#waiting = undefined
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#error = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
