/** How a server ends. */
import { servers, time } from '../declaration.ts'
import { streams } from './of-parts.ts'
import { requestLimits } from './request-limits.ts'

const shutdown = {
  grace: time({
    min: 0,
    default: 10_000,
    where: servers,
    placeholder: 'TIME',
    help: 'How long running streams may go on after SIGTERM or SIGINT.',
  }),
  drainDelay: time({
    min: 0,
    max: 600_000,
    default: 0,
    where: ['bun', 'deno', 'node'],
    placeholder: 'TIME',
    instead: 'wait outside of sluice before you stop it',
    help: 'How long requests are still answered after SIGTERM or SIGINT, while GET /health/ready answers 503 so that load balancers send no more. After that new requests are refused, and --grace begins.',
  }),
}

export const limits = { ...requestLimits, ...shutdown, ...streams }
