/**
 * Reads an upstream's event stream packet by packet, checks each event against the contract, and
 * gives it to a sink: as bytes to forward, or as a parsed chunk.
 *
 * A packet is the bytes of one read; a frame is the bytes of one event; a chunk is its parsed JSON.
 */

import { isObject } from '../util/object.ts'
import { parseJson } from '../util/parse-json.ts'
import type { ChatChunk } from '../wire/chat/request.ts'
import type { StreamContract, StreamEnd } from '../wire/contract/chat.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { readError } from '../wire/errors/reported-error.ts'
import { exceedsDepth, MAX_DEPTH } from '../wire/json/depth.ts'
import { FrameProof } from '../wire/sse/proof.ts'
import { decodeText, EventScanner, EventTooLong, namedFrame } from '../wire/sse/sse.ts'
import type { EventSink } from './event-sinks.ts'

/**
 * Events that are parsed before comparing begins. Setting up the comparison takes time, which would
 * delay the first token; it makes later frames cheap.
 */
const PARSED_FIRST = 3

/**
 * A scratch buffer into which small packets are copied for comparison. A `DataView` over the packet
 * itself would make Bun allocate an `ArrayBuffer` object for it, and garbage collecting those costs
 * many times what the copy costs.
 */
const scratch = new Uint8Array(1000)
const scratchView = new DataView(scratch.buffer)

/** Reads one upstream's stream. Once `ended` or `failure` is set it ignores further packets. */
export class EventReader<T> {
  /**
   * The stream ended by the contract: `[DONE]` or its equivalent came, and the sink has every
   * event.
   */
  ended = false
  /** The error that ended the stream. Events before it are valid and still in the sink. */
  failure: ApiError | undefined

  readonly #scanner = new EventScanner()
  readonly #contract: StreamContract<T>
  readonly #sink: EventSink<T>
  readonly #hasEventNames: boolean
  /** Events still to be parsed before comparing begins. */
  #untilComparing: number
  #proof: FrameProof | undefined
  /** A view of the scanner's buffer, or of its copy in the scratch buffer. */
  #view = scratchView
  #viewedBuffer: Uint8Array | undefined
  #heldChunk: { chunk: T; text: string } | undefined

  /**
   * `compares`: whether frames may be proven by comparison, in which case the sink gets their bytes
   * without a chunk. `hasEventNames`: whether each frame needs an `event:` line with its `type`.
   */
  constructor(
    contract: StreamContract<T>,
    sink: EventSink<T>,
    compares: boolean,
    hasEventNames: boolean = false,
  ) {
    this.#contract = contract
    this.#sink = sink
    this.#untilComparing = compares ? PARSED_FIRST : Number.POSITIVE_INFINITY
    this.#hasEventNames = hasEventNames
  }

  push(packet: Uint8Array<ArrayBuffer>): void {
    this.#catchFailure(() => {
      this.#scanner.push(packet)
      this.#forwardProven()
      while (!this.ended && this.#scanner.next()) {
        this.#handleEvent()
        this.#forwardProven()
      }
      if (this.#scanner.release()) this.#viewedBuffer = undefined
    })
  }

  /** The body has ended: `ending` says how. */
  close(ending: StreamEnd): void {
    if (this.ended || this.failure !== undefined) return
    this.#catchFailure(() => {
      if (this.#scanner.takeRest()) this.#readLastEvent()
      if (!this.ended) this.#finish(ending)
    })
  }

  #catchFailure(work: () => void): void {
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
        : 'sent an event whose data is not JSON in UTF-8'
    return this.#contract.errors.invalid(did, error)
  }

  /** Forwards the run of frames that comparison proves valid, including their line ends. */
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
    if (buffer !== this.#viewedBuffer) {
      this.#viewedBuffer = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    }
    return proof.provenEnd(buffer, this.#view, start, end)
  }

  #takeProven({ proven, textLength }: FrameProof): void {
    this.#contract.countProven(proven, textLength)
    this.#sink.forward(this.#scanner, undefined)
  }

  #handleEvent(): void {
    if (--this.#untilComparing === 0) this.#proof = new FrameProof()
    const { plain, start, end } = this.#scanner
    if (!plain || this.#hasEventNames) this.#readFields()
    else if (this.#proof && this.#provenEnd(this.#proof, start, end) === end)
      this.#takeProven(this.#proof)
    else this.#handleData(this.#scanner.plainData(), '')
  }

  /**
   * Reads an event in any form that the SSE format allows; it is rewritten unless it has our form.
   */
  #readFields(): void {
    const { data, event, error } = this.#scanner.fields()
    if (error !== undefined) throw this.#foreignError(error)
    if (data === undefined) return
    if (event === 'error' && !this.#isOwnError(data)) throw this.#foreignError(data)
    // Within JSON a line end can only be white space between tokens, where a space means the same.
    const text = data.replaceAll('\n', ' ')
    this.#handleData(
      text,
      this.#hasEventNames && this.#isWrittenAs(namedFrame(event, text)) ? event : undefined,
    )
  }

  #isWrittenAs(frame: string): boolean {
    const { buffer, start, end } = this.#scanner
    return decodeText(buffer.subarray(start, end)) === frame
  }

  /**
   * `name`: the `event:` name in a frame whose bytes have our form; undefined for any other form.
   */
  #handleData(text: string, name: string | undefined): void {
    // The SSE format dispatches no event that has no data.
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
    if (missing.length > 0) for (const added of missing.splice(0)) this.#sink.rewrite(added)
    const hasOurForm = name === (this.#hasEventNames ? (chunk as { type?: unknown }).type : '')
    if (!hasOurForm) this.#contract.repaired.add('framing')
    if (action === 'hold') this.#heldChunk = { chunk, text }
    else if (action === 'changed' || action === 'last-changed') this.#sink.rewrite(chunk)
    else if (action === 'same' || action === 'last') {
      if (hasOurForm) this.#forward(chunk)
      else this.#sink.rewrite(chunk, text)
    }
    if (action === 'last' || action === 'last-changed') this.#finish('done')
    if (action === 'last-failed') {
      this.#sink.rewrite(chunk)
      throw this.#contract.failure
    }
  }

  #forward(chunk: T): void {
    const { buffer, start, end } = this.#scanner
    this.#proof?.learn(buffer, start, end, chunk as ChatChunk)
    this.#sink.forward(this.#scanner, chunk)
  }

  #parse(text: string): T {
    const { buffer, start, end } = this.#scanner
    // Serializing deeply nested JSON again would take seconds, or overflow the stack.
    if (exceedsDepth(buffer.subarray(start, end), MAX_DEPTH)) {
      throw this.#contract.errors.invalid(`sent JSON nested deeper than ${MAX_DEPTH} levels`)
    }
    return parseJson(text) as T
  }

  /** The last event, whose closing blank line is missing: complete if its JSON is. */
  #readLastEvent(): void {
    try {
      this.#readFields()
    } catch (error) {
      // A cut-off event is what a broken connection leaves behind: `#finish` reports that instead.
      if (error instanceof ApiError) throw error
    }
  }

  /** Whether an error event is one the API defines itself, which its contract then handles. */
  #isOwnError(text: string): boolean {
    const value = this.#hasEventNames ? jsonOrText(text) : undefined
    return isObject(value) && value.type === 'error'
  }

  /** The `ApiError` for an event named `error`. */
  #foreignError(text: string): ApiError {
    const value = jsonOrText(text)
    const error = (isObject(value) && readError(value)) || readError({ error: value })
    return this.#contract.errors.failed(
      error ?? { message: 'it sent an error event without a message' },
    )
  }

  #finish(ending: StreamEnd): void {
    for (const chunk of this.#contract.end(ending)) {
      // A held chunk that the contract did not change keeps its original text.
      this.#sink.rewrite(chunk, chunk === this.#heldChunk?.chunk ? this.#heldChunk.text : undefined)
    }
    this.ended = true
  }
}

/** Servers write their error events as JSON or as plain text. */
function jsonOrText(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
