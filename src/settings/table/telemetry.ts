import { activity } from './activity.ts'
import { captures } from './captures.ts'
import { metrics } from './metrics.ts'

/** What is measured and shown of requests. */
export const telemetry = { ...metrics, ...activity, ...captures }
