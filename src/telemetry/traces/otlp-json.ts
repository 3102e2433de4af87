/** Spans as OTLP's JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import { VERSION } from '../../version.ts'
import { SCHEMA_URL } from './gen-ai.ts'
import { flagsOf, nanoseconds } from './otlp-values.ts'
import type { SpanEvent, SpanRecord } from './own-tracer.ts'
import { SCOPE } from './registered.ts'
import type { AttributeValue, SpanAttributes } from './tracer.ts'

/** The body of a request that exports these spans. */
export function encodeJson(spans: readonly SpanRecord[], resource: SpanAttributes): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [
          {
            scope: { name: SCOPE, version: VERSION },
            spans: spans.map(spanJson),
            schemaUrl: SCHEMA_URL,
          },
        ],
      },
    ],
  })
}

function spanJson(span: SpanRecord) {
  const { ids, parent, status } = span
  return {
    traceId: ids.traceId,
    spanId: ids.spanId,
    ...(ids.traceState && { traceState: ids.traceState.serialize() }),
    ...(parent && { parentSpanId: parent.spanId }),
    flags: flagsOf(span),
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: String(nanoseconds(span.start)),
    endTimeUnixNano: String(nanoseconds(span.end)),
    attributes: keyValues(span.attributes),
    ...(span.events.length > 0 && { events: span.events.map(eventJson) }),
    status: status ?? {},
  }
}

function eventJson({ name, time, attributes }: SpanEvent) {
  return { timeUnixNano: String(nanoseconds(time)), name, attributes: keyValues(attributes) }
}

function keyValues(attributes: SpanAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }))
}

function valueJson(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    // A 64-bit integer is a text in this encoding.
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  return { arrayValue: { values: value.map(valueJson) } }
}
