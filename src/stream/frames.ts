/**
 * An upstream's bytes, read as events and held to the contract, packet by packet: as frames to
 * forward, or as chunks.
 */
import type { ChatChunk } from '../wire/chat.ts'
import type { Ending, StreamContract } from '../wire/contract.ts'
import { ApiError } from '../wire/errors.ts'
import { errorOf } from '../wire/foreign-error.ts'
import { MAX_DEPTH, nestsDeeper } from '../wire/json.ts'
import { isObject } from '../wire/object.ts'
import { FrameProof } from '../wire/proof.ts'
import { EventScanner, EventTooLong, encodeText, frame } from '../wire/sse.ts'

/** Where the judged events of a packet go. */
export interface EventSink<T> {
  /** `scanner.buffer[scanner.start, scanner.end)` may be forwarded as it is. */
  same(scanner: EventScanner, chunk: T | undefined): void
  /** The event must be written anew. `text` is its JSON where only the framing was mended. */
  changed(chunk: T, text: string | undefined): void
}

/** Reads one upstream's stream. After `ended` or `failure` it reads no more. */
export class EventReader<T> {
  /** `[DONE]` came, or the end, and all that was owed has been given to the sink. */
  ended = false
  /** What ended the stream instead. What was judged before it still counts. */
  failure: ApiError | undefined

  readonly #scanner = new EventScanner()
  readonly #contract: StreamContract<T>
  readonly #sink: EventSink<T>
  readonly #compares: boolean
  #proof: FrameProof | undefined
  /** Over the scanner's buffer. */
  #view = new DataView(new ArrayBuffer(0))
  #viewed: Uint8Array | undefined
  #held: { chunk: T; text: string } | undefined

  /** `compare`: whether the sink can do with a frame's bytes where comparing proved them. */
  constructor(contract: StreamContract<T>, sink: EventSink<T>, compare: boolean) {
    this.#contract = contract
    this.#sink = sink
    this.#compares = compare
  }

  push(packet: Uint8Array<ArrayBuffer>): void {
    this.#guard(() => {
      this.#scanner.push(packet)
      this.#forwardProven()
      while (!this.ended && this.#scanner.next()) {
        this.#event()
        this.#forwardProven()
      }
      // Not in the first packet: the first token is not held up by what makes later ones cheap.
      if (this.#compares) this.#proof ??= new FrameProof()
    })
  }

  /** No more bytes will come. */
  close(ending: Ending): void {
    if (this.ended || this.failure !== undefined) return
    this.#guard(() => {
      if (this.#scanner.takeRest()) this.#rest()
      if (!this.ended) this.#finish(ending)
    })
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.failure = this.#asFailure(error)
    }
  }

  #asFailure(error: unknown): ApiError {
    if (error instanceof ApiError) return error
    const did =
      error instanceof EventTooLong
        ? `sent an event longer than ${error.limit} bytes`
        : 'sent a frame that is not JSON in UTF-8'
    return this.#contract.errors.invalid(did, error)
  }

  /** Runs over events that comparing proves, line ends and all. */
  #forwardProven(): void {
    const scanner = this.#scanner
    const proof = this.#proof
    if (proof === undefined) return
    for (let at = scanner.boundary; at !== -1; at = scanner.boundary) {
      const end = this.#provenEnd(proof, at)
      if (end === -1) break
      scanner.take(end)
      this.#takeProven()
    }
  }

  #provenEnd(proof: FrameProof, start: number): number {
    const { buffer } = this.#scanner
    if (buffer !== this.#viewed) {
      this.#viewed = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    }
    return proof.provenEnd(buffer, this.#view, start)
  }

  #takeProven(): void {
    this.#contract.takeProven()
    this.#sink.same(this.#scanner, undefined)
  }

  #event(): void {
    const { plain, start, end } = this.#scanner
    if (!plain) this.#legal()
    else if (this.#proof && this.#provenEnd(this.#proof, start) === end) this.#takeProven()
    else this.#data(this.#scanner.plainData(), true)
  }

  /** An event in a legal form that is not ours: it is judged the same and framed anew. */
  #legal(): void {
    const { data, event, error } = this.#scanner.fields()
    if (error !== undefined) throw this.#foreignError(error)
    if (data === undefined) return
    if (event === 'error') throw this.#foreignError(data)
    // A line end within JSON can only be white space, so a space says the same.
    this.#data(data.replaceAll('\n', ' '), false)
  }

  /** What an event says. `isPlain`: its bytes are as we would have written them. */
  #data(text: string, isPlain: boolean): void {
    // The format dispatches no event without data.
    if (text === '') return
    this.#proof?.forget()
    if (text.startsWith('[DONE]')) {
      this.#finish('done')
      return
    }
    const chunk = this.#parse(text)
    const verdict = this.#contract.judge(chunk)
    if (!isPlain && verdict !== 'drop') this.#contract.mended.add('framing')
    if (verdict === 'hold') this.#held = { chunk, text }
    else if (verdict === 'changed') this.#sink.changed(chunk, undefined)
    else if (verdict === 'same' && !isPlain) this.#sink.changed(chunk, text)
    else if (verdict === 'same') this.#same(chunk)
  }

  #same(chunk: T): void {
    const { buffer, start, end } = this.#scanner
    this.#proof?.learn(buffer, start, end, chunk as ChatChunk)
    this.#sink.same(this.#scanner, chunk)
  }

  #parse(text: string): T {
    const { buffer, start, end } = this.#scanner
    // Writing such a thing anew would take seconds, or overflow the stack.
    if (nestsDeeper(buffer.subarray(start, end), MAX_DEPTH)) {
      throw this.#contract.errors.invalid(`sent JSON nested deeper than ${MAX_DEPTH} levels`)
    }
    return JSON.parse(text) as T
  }

  /** The last event, without its blank line: whole if its JSON is. */
  #rest(): void {
    try {
      this.#legal()
    } catch (error) {
      // Half an event is what a broken stream leaves behind: its ending tells the story.
      if (error instanceof ApiError) throw error
    }
  }

  /** What an event that is called an error says. */
  #foreignError(text: string): ApiError {
    let value: unknown = text
    try {
      value = JSON.parse(text)
    } catch {
      // Some say it in plain words.
    }
    const error = (isObject(value) && errorOf(value)) || errorOf({ error: value })
    return this.#contract.errors.failed(error ?? { message: 'no reason given' })
  }

  #finish(ending: Ending): void {
    for (const chunk of this.#contract.end(ending)) {
      // What was held is given as it came.
      this.#sink.changed(chunk, chunk === this.#held?.chunk ? this.#held.text : undefined)
    }
    this.ended = true
  }
}

/** Gathers a packet's frames; a run of untouched ones stays one slice of the packet. */
export class FrameSink implements EventSink<unknown> {
  #parts: Uint8Array<ArrayBuffer>[] = []
  #buffer: Uint8Array<ArrayBuffer> | undefined
  #from = 0
  #to = 0

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

  changed(chunk: unknown, text: string | undefined): void {
    this.#closeRun()
    this.#parts.push(encodeText(frame(text ?? JSON.stringify(chunk))))
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

/** Bytes from which a piece is rather written by itself than copied. */
const LARGE = 16 * 1024

/** The same bytes in fewer pieces: what is small is joined. None is empty. */
export function joinSmall(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>[] {
  if (pieces.length === 1) return pieces
  const joined: Uint8Array<ArrayBuffer>[] = []
  let small: Uint8Array<ArrayBuffer>[] = []
  for (const piece of pieces) {
    if (piece.length < LARGE) {
      small.push(piece)
      continue
    }
    joined.push(concat(small), piece)
    small = []
  }
  joined.push(concat(small))
  return joined.filter(({ length }) => length > 0)
}

/** The pieces as one; a single one is not copied. */
export function concat(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.filter((piece) => piece.length > 0)
  if (parts.length === 1) return parts[0] as Uint8Array<ArrayBuffer>
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
