import { Tracing } from '../../telemetry/traces/tracing.ts'
import type { Part } from './part.ts'

/** Spans for OpenTelemetry. */
export const traces = {
  name: 'traces',
  telemetry: { traces: (onSpans) => new Tracing(onSpans) },
} satisfies Part
