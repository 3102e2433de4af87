/** All that watches requests: metrics, traces, the activity feed, captures. */
import { ActivityFeed } from './activity/activity-feed.ts'
import { Captures } from './captures/captures.ts'
import { Metrics } from './metrics/metrics.ts'
import { RequestTelemetry } from './request-telemetry.ts'
import { GenAiMeter } from './traces/gen-ai-meter.ts'
import { Tracing } from './traces/tracing.ts'

export class Telemetry extends RequestTelemetry {
  declare readonly metrics: Metrics
  declare readonly captures: Captures
  declare readonly activity: ActivityFeed
  declare readonly traces: Tracing

  constructor() {
    super({
      metrics: () => new Metrics(),
      captures: () => new Captures(),
      activity: () => new ActivityFeed(),
      traces: (onSpans) => new Tracing(onSpans),
      meter: () => new GenAiMeter(),
    })
  }
}
