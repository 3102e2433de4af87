import { metrics as metricsSettings } from '../../settings/table/of-parts.ts'
import { Metrics } from '../../telemetry/metrics/metrics.ts'
import { GenAiMeter } from '../../telemetry/traces/gen-ai-meter.ts'
import { entries, get } from '../table-entry.ts'
import { telemetrySources } from '../telemetry-sources.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../metrics.ts')

/** `GET /metrics`, and the measurements of an OpenTelemetry SDK that the program has registered. */
export const metrics = {
  name: 'metrics',
  settings: metricsSettings,
  sources: telemetrySources,
  telemetry: { metrics: () => new Metrics(), meter: () => new GenAiMeter() },
  routes: entries({ readMetrics: get('metrics', '/metrics', 'text/plain', module) }),
} satisfies HandlerPart
