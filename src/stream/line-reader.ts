/**
 * Reads an upstream's stream of JSON lines packet by packet, checks each line against the contract, and
 * gives it to a sink as bytes to forward.
 */
import { parseJson } from '../util/parse-json.ts'
import type { StreamContract, StreamEnd } from '../wire/contract/chat.ts'
import type { ChunkAction } from '../wire/contract/contract.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { exceedsDepth, MAX_DEPTH } from '../wire/json/depth.ts'
import { type Line, LineScanner, LineTooLong, line as writeLine } from '../wire/ndjson/lines.ts'
import { decodeText } from '../wire/sse/sse.ts'
import type { EventSink, PacketEvents } from './event-sinks.ts'

const CR = 13

export class LineReader<T> implements PacketEvents {
  ended = false
  failure: ApiError | undefined
  readonly #scanner = new LineScanner()
  readonly #contract: StreamContract<T>
  readonly #sink: EventSink<T>

  constructor(contract: StreamContract<T>, sink: EventSink<T>) {
    this.#contract = contract
    this.#sink = sink
  }

  push(packet: Uint8Array<ArrayBuffer>): void {
    this.#catchFailure(() => {
      for (const line of this.#scanner.push(packet)) {
        this.#handle(line)
        if (this.ended) return
      }
    })
  }

  close(ending: StreamEnd): void {
    if (this.ended || this.failure !== undefined) return
    this.#catchFailure(() => {
      this.#handleRest()
      if (!this.ended) this.#finish(ending)
    })
  }

  #handle(line: Line): void {
    const { buffer, start, end } = line
    const bytes = buffer.subarray(start, end)
    const text = decodeText(bytes)
    if (isBlank(text)) return
    const chunk = this.#parse(bytes, text)
    const action = this.#contract.check(chunk)
    // A CR is white space to JSON, but the end of a line to some clients.
    const isFramed = !bytes.includes(CR)
    if (isFramed && !isChanged(action)) this.#sink.forward(line, chunk)
    else this.#rewrite(chunk, text, action, isFramed)
    if (isLast(action)) this.#finish('done')
  }

  /** The last line, whose LF is missing: complete if its JSON is. */
  #handleRest(): void {
    const rest = this.#scanner.takeRest()
    let text: string
    let chunk: T
    try {
      text = decodeText(rest)
      if (isBlank(text)) return
      chunk = this.#parse(rest, text)
    } catch (error) {
      // A cut-off line is what a broken connection leaves behind: `#finish` reports that instead.
      if (error instanceof ApiError) throw error
      return
    }
    const action = this.#contract.check(chunk)
    this.#rewrite(chunk, text, action, false)
    if (isLast(action)) this.#finish('done')
  }

  #rewrite(chunk: T, text: string, action: ChunkAction, isFramed: boolean): void {
    if (!isFramed) this.#contract.repaired.add('framing')
    if (isChanged(action)) this.#sink.rewrite(chunk, writeLine(chunk).trimEnd())
    // It is JSON, which has no other white space around it than JSON's.
    else this.#sink.rewrite(chunk, text.trim().replaceAll('\r', ' '))
  }

  #parse(bytes: Uint8Array, text: string): T {
    if (exceedsDepth(bytes, MAX_DEPTH)) {
      throw this.#contract.errors.invalid(`sent JSON nested deeper than ${MAX_DEPTH} levels`)
    }
    return parseJson(text) as T
  }

  #finish(ending: StreamEnd): void {
    for (const chunk of this.#contract.end(ending)) this.#sink.rewrite(chunk)
    this.ended = true
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
      error instanceof LineTooLong
        ? `sent a line longer than ${error.limit} bytes`
        : 'sent a line that is not JSON in UTF-8'
    return this.#contract.errors.invalid(did, error)
  }
}

/** Whether a line has only what JSON calls white space: Unicode's other kinds are no JSON. */
function isBlank(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!' \t\r\n'.includes(text[at] as string)) return false
  return true
}

function isChanged(action: ChunkAction): boolean {
  return action === 'changed' || action === 'last-changed'
}

function isLast(action: ChunkAction): boolean {
  return action === 'last' || action === 'last-changed'
}
