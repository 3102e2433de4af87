/** What is measured and shown of requests. */
import { activity, captures, metrics } from './of-parts.ts'

export const telemetry = { ...metrics, ...activity, ...captures }
