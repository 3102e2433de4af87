/** Where an upstream's events go once they are judged: bytes to forward, or chunks. */
import { type EventScanner, encodeText, frame, namedFrame } from '../wire/sse/sse.ts'

/** Where the judged events of a packet go. */
export interface EventSink<T> {
  /** `scanner.buffer[scanner.start, scanner.end)` may be forwarded as it is. */
  same(scanner: EventScanner, chunk: T | undefined): void
  /** The event must be written anew. `text` is its JSON where only the framing was repaired. */
  changed(chunk: T, text?: string): void
}

/** Gathers a packet's frames; a run of untouched ones stays one slice of the packet. */
export class FrameSink implements EventSink<unknown> {
  readonly #isNamed: boolean
  #parts: Uint8Array<ArrayBuffer>[] = []
  #buffer: Uint8Array<ArrayBuffer> | undefined
  #from = 0
  #to = 0

  /** `isNamed`: whether frames name their event by its `type`. */
  constructor(isNamed: boolean = false) {
    this.#isNamed = isNamed
  }

  same(scanner: EventScanner): void {
    if (this.#buffer === scanner.buffer && this.#to === scanner.start) {
      this.#to = scanner.end
      return
    }
    this.#closeRun()
    this.#buffer = scanner.buffer
    this.#from = scanner.start
    this.#to = scanner.end
  }

  changed(chunk: unknown, text: string = JSON.stringify(chunk)): void {
    this.#closeRun()
    const name = this.#isNamed ? (chunk as { type: string }).type : ''
    this.#parts.push(encodeText(name === '' ? frame(text) : namedFrame(name, text)))
  }

  /** What came since the last call, in pieces; undefined if nothing did. */
  take(): Uint8Array<ArrayBuffer>[] | undefined {
    this.#closeRun()
    if (this.#parts.length === 0) return undefined
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #closeRun(): void {
    const buffer = this.#buffer
    if (buffer === undefined) return
    this.#buffer = undefined
    const isWhole = this.#from === 0 && this.#to === buffer.length
    this.#parts.push(isWhole ? buffer : buffer.subarray(this.#from, this.#to))
  }
}

/** Gathers a packet's chunks. */
export class ChunkSink<T> implements EventSink<T> {
  #chunks: T[] = []

  same(_scanner: EventScanner, chunk: T | undefined): void {
    if (chunk !== undefined) this.#chunks.push(chunk)
  }

  changed(chunk: T): void {
    this.#chunks.push(chunk)
  }

  take(): T[] | undefined {
    if (this.#chunks.length === 0) return undefined
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }
}
