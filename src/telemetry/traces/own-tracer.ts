/** Records spans where the program has registered no OpenTelemetry SDK. */
import type { Sampler } from './sampler.ts'
import {
  ForeignSpan,
  type Span,
  type SpanAttributes,
  type SpanContext,
  type SpanParent,
  type SpanStart,
  type SpanTracer,
  spanContextOf,
} from './tracer.ts'

/** A span as it is exported. Times are Unix milliseconds, with fractions. */
export interface SpanRecord {
  name: string
  /** One of `SPAN_KIND`. */
  kind: number
  ids: SpanContext
  /** The id of the span that it belongs to, and whether that is of another process. */
  parent: { spanId: string; isRemote: boolean } | undefined
  start: number
  end: number
  attributes: SpanAttributes
  events: SpanEvent[]
  status: { code: number; message?: string } | undefined
}

export interface SpanEvent {
  name: string
  time: number
  attributes: SpanAttributes
}

/** The hexadecimal digits of a span's id. */
const ID_LENGTH = 16

export class OwnTracer implements SpanTracer {
  readonly #sample: Sampler
  readonly #onEnd: (span: SpanRecord) => void

  /** `onEnd`: takes each span that is recorded, once it has ended. */
  constructor(sample: Sampler, onEnd: (span: SpanRecord) => void) {
    this.#sample = sample
    this.#onEnd = onEnd
  }

  startSpan(name: string, options: SpanStart, context: SpanParent): Span {
    const parent = spanContextOf(context)
    const traceId = parent?.traceId ?? options.traceId ?? randomId(2 * ID_LENGTH)
    if (!this.#sample(traceId, parent)) {
      // Only spans below it are told of these ids, so that they are not recorded either.
      return new ForeignSpan(
        parent && (parent.traceFlags & 1) === 0
          ? parent
          : { ...parent, traceId, spanId: randomId(ID_LENGTH), traceFlags: 0 },
      )
    }
    const ids = {
      traceId,
      spanId: randomId(ID_LENGTH),
      traceFlags: 1,
      ...(parent?.traceState && { traceState: parent.traceState }),
    }
    const record: SpanRecord = {
      ...{ name, kind: options.kind, ids },
      parent: parent && { spanId: parent.spanId, isRemote: parent.isRemote === true },
      start: options.startTime,
      end: 0,
      attributes: options.attributes,
      events: [],
      status: undefined,
    }
    return new OwnSpan(record, this.#onEnd)
  }
}

class OwnSpan implements Span {
  readonly #record: SpanRecord
  readonly #onEnd: (span: SpanRecord) => void

  constructor(record: SpanRecord, onEnd: (span: SpanRecord) => void) {
    this.#record = record
    this.#onEnd = onEnd
  }

  spanContext(): SpanContext {
    return this.#record.ids
  }

  isRecording(): boolean {
    return this.#record.end === 0
  }

  setAttributes(attributes: SpanAttributes): void {
    Object.assign(this.#record.attributes, attributes)
  }

  addEvent(name: string, attributes: SpanAttributes, time: number): void {
    this.#record.events.push({ name, attributes, time })
  }

  setStatus(status: { code: number; message?: string }): void {
    this.#record.status = status
  }

  end(time: number): void {
    if (!this.isRecording()) return
    this.#record.end = time
    this.#onEnd(this.#record)
  }
}

/** Random bytes, as asking for a few at a time costs more. */
const pool = new Uint8Array(512)
let used = pool.length

/** So many random hexadecimal digits, not all of them zero. */
function randomId(length: number): string {
  const size = length / 2
  if (used + size > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const bytes = pool.subarray(used, used + size)
  used += size
  let id = ''
  for (const byte of bytes) id += byte.toString(16).padStart(2, '0')
  return /^0*$/.test(id) ? randomId(length) : id
}
