import { boolean } from '../declaration.ts'

/** What is measured and shown of requests. */
export const telemetry = {
  metrics: boolean({
    default: true,
    help: 'Whether requests are measured, for GET /metrics, which admin keys and keys with metrics: true may read.',
  }),
}
