import { PROXIES } from './proxies.ts'
import type { Rule } from './rule.ts'

/** The response headers of a stream. */
export const headersRules = {
  'content-type': {
    section: 'headers',
    severity: 'error',
    requirement: 'A stream has the content type text/event-stream.',
    affected:
      'Browsers’ EventSource and the ai SDK reject any other type, and proxies may buffer it.',
    repair: 'Send content-type: text/event-stream before the first event.',
  },
  'content-length': {
    section: 'headers',
    severity: 'warning',
    requirement:
      'A stream has no content-length header, because its length is not known when it starts.',
    affected:
      'All: a server that knows the length has collected the whole answer before sending it.',
    repair:
      'Stream the answer with chunked encoding; look for a proxy or framework that collects it first.',
  },
  'content-encoding': {
    section: 'headers',
    severity: 'warning',
    requirement: 'A stream is not compressed unless the client asked for it.',
    affected:
      'Compression holds events back until a block is full, and clients without a decoder cannot read them.',
    repair: PROXIES,
  },
  'cache-control': {
    section: 'headers',
    severity: 'warning',
    requirement: 'A stream has cache-control: no-cache or no-store.',
    affected:
      'Caches and proxies on the way may store the stream, or hold it back to transform it.',
    repair: 'Send cache-control: no-cache, no-transform.',
  },
  'buffering-hint': {
    section: 'headers',
    severity: 'hint',
    requirement: 'A stream has the header x-accel-buffering: no.',
    affected: 'nginx, and proxies that follow its convention, buffer a stream without this header.',
    repair: 'Send x-accel-buffering: no with every stream.',
  },
} as const satisfies Record<string, Rule>
