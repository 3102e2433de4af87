/**
 * Where an upstream's events go after the contract has checked them: bytes to forward, or chunks.
 */
import type { StreamEnd } from '../wire/contract/chat.ts'
import type { ApiError } from '../wire/errors/api-error.ts'
import { type EventScanner, encodeText, frame, namedFrame } from '../wire/sse/sse.ts'

/** The place of an event's bytes: `buffer[start, end)`. */
type EventBytes = Pick<EventScanner, 'buffer' | 'start' | 'end'>

/** Finds the events of a stream in its packets and gives them to a sink. */
export interface PacketEvents {
  /** Whether the stream ended by its contract; the sink then has every event. */
  readonly ended: boolean
  /** The error that ended the stream. Events before it are valid and still in the sink. */
  readonly failure: ApiError | undefined
  push(packet: Uint8Array<ArrayBuffer>): void
  /** The body has ended: `ending` says how. */
  close(ending: StreamEnd): void
}

/** Collects the events of a packet. */
export interface EventSink<T> {
  /**
   * The frame at `scanner` is valid as it is. `chunk` is undefined where comparison proved it without
   * parsing.
   */
  forward(scanner: EventBytes, chunk: T | undefined): void
  /** The frame has to be written again. `text`: its JSON, where only the framing was repaired. */
  rewrite(chunk: T, text?: string): void
}

/** Collects frames; consecutive frames that are forwarded stay one slice of their packet. */
export class FrameSink implements EventSink<unknown> {
  readonly #hasEventNames: boolean
  #pieces: Uint8Array<ArrayBuffer>[] = []
  #runBuffer: Uint8Array<ArrayBuffer> | undefined
  #runStart = 0
  #runEnd = 0

  /** `hasEventNames`: whether each frame needs an `event:` line with its `type`. */
  constructor(hasEventNames: boolean = false) {
    this.#hasEventNames = hasEventNames
  }

  forward(scanner: EventBytes): void {
    if (this.#runBuffer === scanner.buffer && this.#runEnd === scanner.start) {
      this.#runEnd = scanner.end
      return
    }
    this.#closeRun()
    this.#runBuffer = scanner.buffer
    this.#runStart = scanner.start
    this.#runEnd = scanner.end
  }

  rewrite(chunk: unknown, text: string = JSON.stringify(chunk)): void {
    this.#closeRun()
    this.#pieces.push(encodeText(this.written(chunk, text)))
  }

  /** The frame of a chunk; `text` is its JSON. */
  protected written(chunk: unknown, text: string): string {
    const name = this.#hasEventNames ? (chunk as { type: string }).type : ''
    return name === '' ? frame(text) : namedFrame(name, text)
  }

  /** The pieces since the last call; undefined if there are none. */
  take(): Uint8Array<ArrayBuffer>[] | undefined {
    this.#closeRun()
    if (this.#pieces.length === 0) return undefined
    const parts = this.#pieces
    this.#pieces = []
    return parts
  }

  #closeRun(): void {
    const buffer = this.#runBuffer
    if (buffer === undefined) return
    this.#runBuffer = undefined
    const isWhole = this.#runStart === 0 && this.#runEnd === buffer.length
    this.#pieces.push(isWhole ? buffer : buffer.subarray(this.#runStart, this.#runEnd))
  }
}

/** Collects JSON lines, as a `FrameSink` collects frames. */
export class LineSink extends FrameSink {
  protected override written(_chunk: unknown, text: string): string {
    return `${text}\n`
  }
}

/** Collects chunks. */
export class ChunkSink<T> implements EventSink<T> {
  #chunks: T[] = []

  forward(_scanner: EventBytes, chunk: T | undefined): void {
    if (chunk !== undefined) this.#chunks.push(chunk)
  }

  rewrite(chunk: T): void {
    this.#chunks.push(chunk)
  }

  take(): T[] | undefined {
    if (this.#chunks.length === 0) return undefined
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }
}
