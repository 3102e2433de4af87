/** Reads a streamed answer that is forwarded: nothing of an event or a line that is not whole. */

import type { Fetched, PacketReader } from '../platform/fetch.ts'
import { concat } from '../util/bytes.ts'
import { isObject } from '../util/object.ts'
import { parseJson } from '../util/parse-json.ts'
import { utf8Length } from '../util/utf8-length.ts'
import { type ApiError, toApiError } from '../wire/errors/api-error.ts'
import type { EngineErrors } from '../wire/errors/engine-errors.ts'
import { readError } from '../wire/errors/reported-error.ts'
import { passedUsage } from '../wire/pass-through/usage.ts'
import { decodeText, EventScanner, encodeText } from '../wire/sse/sse.ts'
import { engineStopped } from './engine-stop.ts'
import { PassedCounts, type PassedForm } from './passed-answer.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Body = NonNullable<Fetched['body']>

/** The most bytes of a line. */
const MAX_LINE = 16 * 1024 * 1024

const LF = 10

/** The fields in which servers send pieces of text. */
const TEXTS = ['content', 'delta', 'text']

/** `control` is the controller of its request. */
export class PassedReader {
  readonly counts = new PassedCounts()
  readonly #form: PassedForm
  readonly #reader: PacketReader
  readonly #control: AbortController
  readonly #errors: EngineErrors
  readonly #scanner = new EventScanner()
  /** The beginning of a line. */
  #rest: Bytes[] = []
  #restLength = 0
  #hasEnded = false
  /** What comes after the last batch. */
  #failure: ApiError | undefined

  constructor(form: PassedForm, body: Body, control: AbortController, errors: EngineErrors) {
    this.#form = form
    this.#reader = body.getReader()
    this.#control = control
    this.#errors = errors
    control.signal.addEventListener('abort', this)
  }

  /** On abort. The runtimes close the connection themselves; a fetch of one's own may ignore its signal. */
  handleEvent(): void {
    const { signal } = this.#control
    const stopped = () => engineStopped(signal)
    this.#reader.cancel(signal.reason).then(stopped, stopped)
  }

  /** See `PassedStream.next`. */
  async next(): Promise<Bytes[] | undefined> {
    for (;;) {
      if (this.#failure !== undefined) {
        this.#control.abort(this.#failure)
        throw this.#failure
      }
      if (this.#hasEnded) return undefined
      const batch = await this.#read()
      if (batch.length > 0) return batch
    }
  }

  async #read(): Promise<Bytes[]> {
    const { signal } = this.#control
    try {
      const packet = await this.#reader.read()
      if (signal.aborted) throw signal.reason
      if (!packet.done) this.#reader.onTaken?.(packet.value)
      return this.#take(packet.done ? undefined : packet.value)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      this.#failure = this.#errors.unfinished(
        'truncated',
        'closed the connection in the middle of its answer',
      )
      this.#failure.cause = error
      return []
    }
  }

  /** What can be sent of a packet; at the end, which is undefined, of what was held back. */
  #take(packet: Bytes | undefined): Bytes[] {
    this.#hasEnded = packet === undefined
    const batch: Bytes[] = []
    try {
      if (this.#form === 'bytes') batch.push(...(packet?.length ? [packet] : []))
      else if (this.#form === 'events') this.#takeEvents(packet, batch)
      else this.#takeLines(packet, batch)
    } catch (error) {
      this.#failure = toApiError(error)
    }
    return batch
  }

  #takeEvents(packet: Bytes | undefined, batch: Bytes[]): void {
    const scanner = this.#scanner
    if (packet === undefined) {
      if (scanner.takeRest()) this.#takeLastEvent(batch)
      return
    }
    scanner.push(packet)
    while (this.#hasNext()) {
      // A comment is no part of an answer, and sluice sends its own while it waits for one.
      if (!this.#checkEvent('whole')) continue
      batch.push(scanner.buffer.subarray(scanner.start, scanner.end))
    }
    scanner.release()
  }

  #hasNext(): boolean {
    try {
      return this.#scanner.next()
    } catch (cause) {
      throw this.#errors.invalid('sent an event that is too long', cause)
    }
  }

  /** Some servers leave out the blank line after the last event. */
  #takeLastEvent(batch: Bytes[]): void {
    const scanner = this.#scanner
    const rest = scanner.buffer.subarray(scanner.start, scanner.end)
    if (rest.every((byte) => byte <= 0x20)) return
    try {
      if (!this.#checkEvent('rest')) return
    } catch {
      throw this.#errors.unfinished('incomplete', 'ended its answer within an event')
    }
    this.counts.repaired.add('framing')
    batch.push(rest, encodeText('\n\n'))
  }

  /**
   * Whether an event holds more than comments. Its data may be text: speaches sends subtitles so. Of what
   * follows the last whole event, only JSON shows that it is not cut off.
   */
  #checkEvent(what: 'whole' | 'rest'): boolean {
    const { data, event, error } = this.#fields()
    if (error !== undefined) throw this.#reported({ error: parsed(error) ?? error })
    if (event === 'error') throw this.#reported({ error: parsed(data ?? '') ?? data })
    if (data === undefined) return event !== ''
    const text = data.trim()
    if (text === '[DONE]' || text === '') return true
    const value = what === 'rest' ? this.#parse(data, 'an event') : parsed(data)
    if (isObject(value)) this.#count(value)
    else this.#countText(utf8Length(data))
    return true
  }

  #fields() {
    try {
      return this.#scanner.fields()
    } catch (cause) {
      throw this.#errors.invalid('sent an event that is not UTF-8', cause)
    }
  }

  #takeLines(packet: Bytes | undefined, batch: Bytes[]): void {
    if (packet === undefined) {
      const last = concat(this.#rest)
      if (last.every((byte) => byte <= 0x20)) return
      try {
        this.#checkLine(last)
      } catch {
        throw this.#errors.unfinished('incomplete', 'ended its answer within a line')
      }
      batch.push(last, encodeText('\n'))
      return
    }
    let from = 0
    for (let end = packet.indexOf(LF); end !== -1; end = packet.indexOf(LF, from)) {
      const line = concat([...this.#rest, packet.subarray(from, end + 1)])
      this.#rest = []
      this.#restLength = 0
      from = end + 1
      if (line.every((byte) => byte <= 0x20)) continue
      this.#checkLine(line)
      batch.push(line)
    }
    if (from < packet.length) this.#rest.push(packet.subarray(from))
    this.#restLength += packet.length - from
    if (this.#restLength > MAX_LINE) throw this.#errors.invalid('sent a line that is too long')
  }

  #checkLine(line: Bytes): void {
    let text = ''
    try {
      text = decodeText(line)
    } catch (cause) {
      throw this.#errors.invalid('sent a line that is not UTF-8', cause)
    }
    this.#count(this.#parse(text, 'a line'))
  }

  #parse(text: string, what: string): unknown {
    try {
      return parseJson(text) as unknown
    } catch (cause) {
      throw this.#errors.invalid(`sent ${what} that is not JSON`, cause)
    }
  }

  #count(value: unknown): void {
    if (!isObject(value)) return
    if (value.error || value.type === 'error') throw this.#reported(value)
    const { counts } = this
    counts.usage = passedUsage(value) ?? counts.usage
    const texts = TEXTS.map((name) => value[name]).filter((text) => typeof text === 'string')
    const length = texts.reduce((sum, text) => sum + utf8Length(text), 0)
    this.#countText(length)
  }

  #countText(length: number): void {
    this.counts.textLength += length
    if (length > 0) this.counts.tokens++
  }

  /** The error that the server reported in its answer. */
  #reported(value: Record<string, unknown>): ApiError {
    return this.#errors.failed(readError(value) ?? { message: 'no reason given' })
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
