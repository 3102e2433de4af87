import { boolean, integer } from '../declaration.ts'

/** What is measured and shown of requests. */
export const telemetry = {
  metrics: boolean({
    default: true,
    help: 'Whether requests are measured, for GET /metrics, which admin keys and keys with metrics: true may read.',
  }),
  activity: integer({
    min: 0,
    max: 10_000,
    default: 500,
    placeholder: 'N',
    help: 'How many requests that have ended GET /v1/activity shows, beside those that run; 0 switches it off.',
  }),
}
