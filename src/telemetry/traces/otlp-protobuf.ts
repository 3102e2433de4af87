/** Spans in OTLP's binary format: the messages of opentelemetry-proto, by their field numbers. */
import { VERSION } from '../../version.ts'
import { SCHEMA_URL } from './gen-ai.ts'
import { flagsOf, nanoseconds } from './otlp-values.ts'
import type { SpanEvent, SpanRecord } from './own-tracer.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { SCOPE } from './registered.ts'
import type { AttributeValue, SpanAttributes } from './tracer.ts'

/** The body of a request that exports these spans: `ExportTraceServiceRequest`. */
export function encodeProtobuf(
  spans: readonly SpanRecord[],
  resource: SpanAttributes,
): Uint8Array<ArrayBuffer> {
  const out = new ProtobufWriter()
  out.message(1, () => {
    out.message(1, () => writeAttributes(out, 1, resource))
    out.message(2, () => {
      out.message(1, () => {
        out.text(1, SCOPE)
        out.text(2, VERSION)
      })
      for (const span of spans) out.message(2, () => writeSpan(out, span))
      out.text(3, SCHEMA_URL)
    })
  })
  return out.finish()
}

function writeSpan(out: ProtobufWriter, span: SpanRecord): void {
  const { ids, parent, status } = span
  out.hex(1, ids.traceId)
  out.hex(2, ids.spanId)
  if (ids.traceState) out.text(3, ids.traceState.serialize())
  if (parent) out.hex(4, parent.spanId)
  out.text(5, span.name)
  out.integer(6, span.kind + 1)
  out.fixed64(7, nanoseconds(span.start))
  out.fixed64(8, nanoseconds(span.end))
  writeAttributes(out, 9, span.attributes)
  for (const event of span.events) out.message(11, () => writeEvent(out, event))
  if (status) {
    out.message(15, () => {
      if (status.message !== undefined) out.text(2, status.message)
      out.integer(3, status.code)
    })
  }
  out.fixed32(16, flagsOf(span))
}

function writeEvent(out: ProtobufWriter, { name, time, attributes }: SpanEvent): void {
  out.fixed64(1, nanoseconds(time))
  out.text(2, name)
  writeAttributes(out, 3, attributes)
}

function writeAttributes(out: ProtobufWriter, field: number, attributes: SpanAttributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    out.message(field, () => {
      out.text(1, key)
      out.message(2, () => writeValue(out, value))
    })
  }
}

/** `AnyValue`. */
function writeValue(out: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') out.text(1, value)
  else if (typeof value === 'boolean') out.integer(2, value ? 1 : 0)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) out.integer(3, value)
    else out.double(4, value)
  } else {
    out.message(5, () => {
      for (const each of value) out.message(1, () => writeValue(out, each))
    })
  }
}

/**
 * How many spans an endpoint rejected, by its `ExportTraceServiceResponse`: field 1 of the message in its
 * field 1. 0 where the answer says nothing, or is none.
 */
export function rejectedSpans(answer: Uint8Array): number {
  let rejected = 0
  for (const partial of fieldsOf(answer)) {
    if (partial.number !== 1 || typeof partial.value === 'number') continue
    // A message that is there several times is one, and the last of its values counts.
    for (const { number, value } of fieldsOf(partial.value)) {
      if (number === 1 && typeof value === 'number') rejected = value
    }
  }
  // A negative number is one of 64 bits.
  return Number.isSafeInteger(rejected) ? rejected : 0
}

interface Field {
  number: number
  /** An integer, or the bytes of what has a length. */
  value: number | Uint8Array
}

/** The sizes of values that have neither a length nor an end of their own, by their wire types. */
const FIXED = new Map([
  [1, 8],
  [5, 4],
])

/** The fields of a message, as far as it is one; those of a fixed size are left out. */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0
  while (at < message.length) {
    const tag = varintAt(message, at)
    if (tag === undefined) return
    at = tag.end
    const type = tag.value % 8
    const number = Math.floor(tag.value / 8)
    const size = FIXED.get(type)
    if (size !== undefined) {
      at += size
      continue
    }
    const varint = varintAt(message, at)
    if (varint === undefined || (type !== 0 && type !== 2)) return
    at = varint.end
    if (type === 0) {
      yield { number, value: varint.value }
      continue
    }
    const end = at + varint.value
    if (end > message.length) return
    yield { number, value: message.subarray(at, end) }
    at = end
  }
}

/** An integer of seven bits in each byte, the lowest first; inexact beyond 53 bits. */
function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 128 ** (at - start)
    if (byte < 0x80) return { value, end: at + 1 }
  }
  return undefined
}
