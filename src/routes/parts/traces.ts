import { settingsFromOtel } from '../../settings/otel-environment.ts'
import { tracing } from '../../settings/table/tracing.ts'
import { Tracing } from '../../telemetry/traces/tracing.ts'
import { telemetrySources } from '../telemetry-sources.ts'
import type { HandlerPart } from './part.ts'

/** Spans for OpenTelemetry. */
export const traces = {
  name: 'traces',
  settings: tracing,
  fromEnvironment: settingsFromOtel,
  sources: telemetrySources,
  telemetry: { traces: (onSpans) => new Tracing(onSpans) },
} satisfies HandlerPart
