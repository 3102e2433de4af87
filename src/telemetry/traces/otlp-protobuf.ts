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
  const [field = 0, length = 0, inner = 0, ...rest] = answer
  if (field !== 0x0a || length === 0 || inner !== 0x08) return 0
  let rejected = 0
  let scale = 1
  for (const byte of rest.slice(0, 7)) {
    rejected += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return rejected
  }
  return 0
}
