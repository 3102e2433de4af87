/**
 * An upstream's bytes, read as events and held to the contract, packet by packet: as frames to
 * forward, or as chunks.
 */

import { isObject } from '../util/object.ts'
import type { ChatChunk } from '../wire/chat/request.ts'
import type { StreamContract, StreamEnd } from '../wire/contract/chat.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { readError } from '../wire/errors/reported-error.ts'
import { exceedsDepth, MAX_DEPTH } from '../wire/json/depth.ts'
import { FrameProof } from '../wire/sse/proof.ts'
import { decodeText, EventScanner, EventTooLong, namedFrame } from '../wire/sse/sse.ts'
import type { EventSink } from './event-sinks.ts'

/** The first token is not held up by the study of frames, which makes later ones cheap. */
const EARLY = 3

/**
 * Where a small packet is laid to be compared: a view of its own would make an object of its memory,
 * and collecting those costs Bun many times what the copy costs.
 */
const scratch = new Uint8Array(1000)
const scratchView = new DataView(scratch.buffer)

/** Reads one upstream's stream. After `ended` or `failure` it reads no more. */
export class EventReader<T> {
  /** `[DONE]` came, or the end, and all that was owed has been given to the sink. */
  ended = false
  /** What ended the stream instead. What was judged before it still counts. */
  failure: ApiError | undefined

  readonly #scanner = new EventScanner()
  readonly #contract: StreamContract<T>
  readonly #sink: EventSink<T>
  readonly #isNamed: boolean
  /** How many events are parsed before comparing begins. */
  #toParse: number
  #proof: FrameProof | undefined
  /** Over the scanner's buffer. */
  #view = scratchView
  #viewed: Uint8Array | undefined
  #held: { chunk: T; text: string } | undefined

  /**
   * `compare`: whether the sink can do with a frame's bytes where comparing proved them. `isNamed`:
   * whether frames have to name their event by its `type`.
   */
  constructor(
    contract: StreamContract<T>,
    sink: EventSink<T>,
    compare: boolean,
    isNamed: boolean = false,
  ) {
    this.#contract = contract
    this.#sink = sink
    this.#toParse = compare ? EARLY : Number.POSITIVE_INFINITY
    this.#isNamed = isNamed
  }

  push(packet: Uint8Array<ArrayBuffer>): void {
    this.#guard(() => {
      this.#scanner.push(packet)
      this.#forwardProven()
      while (!this.ended && this.#scanner.next()) {
        this.#event()
        this.#forwardProven()
      }
    })
  }

  /** No more bytes will come. */
  close(ending: StreamEnd): void {
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
    const start = scanner.boundary
    if (this.#proof === undefined || start === -1) return
    const end = this.#provenEnd(this.#proof, start, scanner.buffer.length)
    if (end === start) return
    scanner.take(end)
    this.#takeProven(this.#proof)
  }

  #provenEnd(proof: FrameProof, start: number, end: number): number {
    const { buffer } = this.#scanner
    if (buffer.length <= scratch.length) {
      scratch.set(buffer)
      return proof.provenEnd(buffer, scratchView, start, end)
    }
    if (buffer !== this.#viewed) {
      this.#viewed = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    }
    return proof.provenEnd(buffer, this.#view, start, end)
  }

  #takeProven({ proven }: FrameProof): void {
    this.#contract.countProven(proven)
    this.#sink.same(this.#scanner, undefined)
  }

  #event(): void {
    if (--this.#toParse === 0) this.#proof = new FrameProof()
    const { plain, start, end } = this.#scanner
    if (!plain || this.#isNamed) this.#legal()
    else if (this.#proof && this.#provenEnd(this.#proof, start, end) === end)
      this.#takeProven(this.#proof)
    else this.#data(this.#scanner.plainData(), '')
  }

  /** An event in any legal form: it is judged the same, and framed anew where the form is not ours. */
  #legal(): void {
    const { data, event, error } = this.#scanner.fields()
    if (error !== undefined) throw this.#foreignError(error)
    if (data === undefined) return
    if (event === 'error' && !this.#isOwnError(data)) throw this.#foreignError(data)
    // A line end within JSON can only be white space, so a space says the same.
    const text = data.replaceAll('\n', ' ')
    this.#data(text, this.#isNamed && this.#isWritten(namedFrame(event, text)) ? event : undefined)
  }

  #isWritten(frame: string): boolean {
    const { buffer, start, end } = this.#scanner
    return decodeText(buffer.subarray(start, end)) === frame
  }

  /** What an event says. `name`: where its bytes are in our form, what they call the event. */
  #data(text: string, name: string | undefined): void {
    // The format dispatches no event without data.
    if (text === '') return
    this.#proof?.forget()
    if (text.startsWith('[DONE]')) {
      this.#finish('done')
      return
    }
    const chunk = this.#parse(text)
    const action = this.#contract.check(chunk)
    if (action === 'drop') return
    const { missing } = this.#contract
    if (missing.length > 0) for (const each of missing.splice(0)) this.#sink.changed(each)
    const isOurs = name === (this.#isNamed ? (chunk as { type?: unknown }).type : '')
    if (!isOurs) this.#contract.repaired.add('framing')
    if (action === 'hold') this.#held = { chunk, text }
    else if (action === 'changed' || action === 'last-changed') this.#sink.changed(chunk)
    else if (action === 'same' || action === 'last') {
      if (isOurs) this.#same(chunk)
      else this.#sink.changed(chunk, text)
    }
    if (action === 'last' || action === 'last-changed') this.#finish('done')
    if (action === 'last-failed') {
      this.#sink.changed(chunk)
      throw this.#contract.failure
    }
  }

  #same(chunk: T): void {
    const { buffer, start, end } = this.#scanner
    this.#proof?.learn(buffer, start, end, chunk as ChatChunk)
    this.#sink.same(this.#scanner, chunk)
  }

  #parse(text: string): T {
    const { buffer, start, end } = this.#scanner
    // Writing such a thing anew would take seconds, or overflow the stack.
    if (exceedsDepth(buffer.subarray(start, end), MAX_DEPTH)) {
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

  /** An API that names its events has its own for errors: its contract judges that. */
  #isOwnError(text: string): boolean {
    const value = this.#isNamed ? jsonOrText(text) : undefined
    return isObject(value) && value.type === 'error'
  }

  /** What an event that is called an error says. */
  #foreignError(text: string): ApiError {
    const value = jsonOrText(text)
    const error = (isObject(value) && readError(value)) || readError({ error: value })
    return this.#contract.errors.failed(error ?? { message: 'no reason given' })
  }

  #finish(ending: StreamEnd): void {
    for (const chunk of this.#contract.end(ending)) {
      // What was held is given as it came.
      this.#sink.changed(chunk, chunk === this.#held?.chunk ? this.#held.text : undefined)
    }
    this.ended = true
  }
}

/** Some servers say what went wrong in JSON, some in plain words. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Bytes from which a piece is rather written by itself than copied. */
const LARGE = 16 * 1024

/** The same bytes in fewer pieces: what is small is joined. None is empty. */
export function joinSmall(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>[] {
  if (pieces.length === 1 && pieces[0]?.length) return pieces
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
